"""When whoever waits for a message goes on: once receivers in this process have been told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail import Status, message_cancelled, message_failed, message_queued, message_sent
from quartapp.mail.testing import message
from tests.crash.waiting import until

TOMORROW = timedelta(days=1)
PAUSES = 20
"""Of a receiver that takes its time: more than of whoever would not wait for it."""


@pytest.fixture
def slow(mail):
    """A receiver that takes its time, and the states of which it was told in the end."""
    heard = []

    async def receiver(_app, delivery):
        for _ in range(PAUSES):
            await mail.stats()
        heard.append(delivery.status)

    receiver.heard = heard
    return receiver


async def is_stored_as(mail, delivery, status):
    return (await mail.get(delivery.id)).status is status


async def test_who_waits_for_a_message_goes_on_when_receivers_know(mail, slow):
    with message_sent.connected_to(slow, mail.host.app):
        delivery = await mail.send_later(message())
        await until(lambda: is_stored_as(mail, delivery, Status.SENT), lambda: "it to be sent")
        await mail.wait(delivery, timeout=30)

    assert slow.heard == [Status.SENT]


async def test_who_waits_for_an_expired_message_goes_on_when_receivers_know(mail, slow):
    past = datetime.now(UTC) - timedelta(minutes=1)

    with message_failed.connected_to(slow, mail.host.app):
        delivery = await mail.send_later(message(), expires=past)
        await until(lambda: is_stored_as(mail, delivery, Status.FAILED), lambda: "it to expire")
        await mail.wait(delivery, timeout=30)

    assert slow.heard == [Status.FAILED]


async def test_who_waits_for_a_cancelled_message_goes_on_when_receivers_know(mail, slow):
    delivery = await mail.send_later(message(), at=datetime.now(UTC) + TOMORROW)

    with message_cancelled.connected_to(slow, mail.host.app):
        await mail.cancel(delivery)
        await mail.wait(delivery, timeout=30)

    assert slow.heard == [Status.CANCELLED]


async def test_draining_ends_when_receivers_know(mail, slow):
    with message_queued.connected_to(slow, mail.host.app):
        await mail.send_later(message(), at=datetime.now(UTC) + TOMORROW)
        await mail.drain()

    assert slow.heard == [Status.QUEUED]


async def test_a_receiver_may_wait_for_the_message_that_it_is_told_of(mail):
    heard = []

    async def wait(_app, delivery):
        heard.append((await mail.wait(delivery)).status)

    with message_sent.connected_to(wait, mail.host.app):
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert heard == [Status.SENT]


async def test_a_receiver_that_never_ends_is_waited_for_no_longer_than_for_a_shutdown(serve):
    async def hang(_app, **_what):
        await asyncio.Event().wait()

    async with serve(MAIL_DRAIN_TIMEOUT=0.1) as mail:
        with message_sent.connected_to(hang, mail.host.app):
            done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert done.status is Status.SENT


async def test_receivers_know_of_a_cancelled_message_before_the_shutdown_goes_on(mail, slow):
    delivery = await mail.send_later(message(), at=datetime.now(UTC) + TOMORROW)

    with message_cancelled.connected_to(slow, mail.host.app):
        await mail.cancel(delivery)
        await mail.publisher.settle(30)

    assert slow.heard == [Status.CANCELLED]
