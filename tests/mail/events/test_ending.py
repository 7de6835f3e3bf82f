"""Whichever way a message ends, receivers are told of it once, by the state that it ends in."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.mail import (
    Mail,
    MailService,
    Status,
    message_cancelled,
    message_failed,
    message_sent,
    message_uncertain,
)
from quartapp.mail.lifespan import QuartHost
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.states import Action
from quartapp.mail.testing import Phase, message
from tests.crash.clock import HandClock
from tests.mail.outbox.sample import heir

ENDS = [message_sent, message_failed, message_uncertain, message_cancelled]
DAY, HOUR = 86_400, 3_600
CANCELLED = [("message-cancelled", Status.CANCELLED)]
FAILED = [("message-failed", Status.FAILED)]
SENT = [("message-sent", Status.SENT)]
UNCERTAIN = [("message-uncertain", Status.UNCERTAIN)]


@pytest.fixture
def ends():
    """How messages ended, of whatever app: the signals, each with the state that came along."""
    heard = []

    def hearing(signal):
        async def receiver(_app, delivery):
            heard.append((signal.name, delivery.status))

        return receiver

    with ExitStack() as stack:
        for signal in ENDS:
            stack.enter_context(signal.connected_to(hearing(signal)))
        yield heard


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def idle(sqlite_url, clock):
    """The mail of an app that does not run, by that clock."""
    engine = create_async_engine(sqlite_url)
    app = Quart("idle")
    app.config.update(
        TESTING=True, MAIL_SUPPRESS_SEND=False, MAIL_DEFAULT_SENDER="flasky@example.com"
    )
    Mail(app, engine=engine, clock=clock)
    yield app.extensions["mail"]
    await engine.dispose()


def in_(seconds):
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_a_program_cancels_what_waits(idle, ends):
    delivery = await idle.send_later(message(), at=in_(DAY))

    await idle.cancel(delivery)
    await idle.cancel(delivery)
    await idle.publisher.told()

    assert ends == CANCELLED


async def test_an_operator_cancels_whatever_matches(idle, ends):
    for _ in range(3):
        await idle.send_later(message(), at=in_(DAY))

    await idle.report.act(Filter(status=Status.QUEUED), Action.CANCEL)
    await idle.publisher.told()

    assert ends == CANCELLED * 3


async def test_it_is_cancelled_during_an_attempt_that_is_deferred(mail, server, ends):
    server.stall(Phase.MAIL)
    server.answer(Phase.RCPT, "451 later")
    delivery = await mail.send_later(message())
    await server.reached(Phase.MAIL)

    await mail.cancel(delivery)
    server.resume()
    await mail.wait(delivery, timeout=30)
    await mail.drain()

    assert ends == CANCELLED


async def test_it_is_cancelled_during_an_attempt_that_is_accepted(mail, server, ends):
    server.stall(Phase.MAIL)
    delivery = await mail.send_later(message())
    await server.reached(Phase.MAIL)

    await mail.cancel(delivery)
    server.resume()
    await mail.wait(delivery, timeout=30)
    await mail.drain()

    assert ends == SENT


async def test_it_is_cancelled_when_one_had_rejected_it(mail, server, ends):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    server.answer(Phase.RCPT, "451 later", times=1)
    delivery = await mail.send_later(message(recipients=["bob@example.com", "ada@example.com"]))
    await mail.drain()

    await mail.cancel(delivery)
    await mail.drain()

    assert ends == FAILED


async def test_it_is_cancelled_instead_of_being_resent(mail, server, ends):
    server.drop(Phase.END_OF_DATA)
    delivery = await mail.send_later(message())
    await mail.drain()
    ends.clear()

    await mail.cancel(delivery)
    await mail.drain()

    assert ends == UNCERTAIN
    assert (await mail.get(delivery.id)).is_final


async def test_it_is_cancelled_while_a_dead_owner_had_it(idle, clock, ends):
    app = idle.host.app
    survivor = MailService(QuartHost(app), engine=idle.outbox.database, clock=clock)
    delivery = await idle.send_later(message())
    await idle.outbox.claim(1)

    await idle.cancel(delivery)
    await heir(survivor.outbox)
    await survivor.publisher.told()

    assert ends == CANCELLED


async def test_it_expires_while_it_waits(mail, ends):
    await mail.wait(await mail.send_later(message(), expires=in_(-60)), timeout=30)
    await mail.drain()

    assert ends == FAILED


async def test_it_expires_during_an_outage(serve, server, ends):
    await server.stop()
    async with serve(MAIL_BREAKER_FIRST=60) as mail:
        await mail.send_later(message())
        await mail.drain()
        await mail.wait(await mail.send_later(message(), expires=in_(-60)), timeout=30)

    assert ends == FAILED


async def test_it_expires_after_it_was_deferred(serve, server, clock, ends):
    server.answer(Phase.RCPT, "451 later")
    async with serve(clock=clock) as mail:
        delivery = await mail.send_later(message(), expires=in_(HOUR))
        await mail.drain()
        clock.seconds += 2 * HOUR
        mail.worker.wake()
        await mail.wait(delivery, timeout=30)

    assert ends == FAILED


@pytest.mark.parametrize("expires", [None, HOUR])
async def test_it_was_suppressed_and_due_later(idle, clock, ends, expires):
    idle.host.config["MAIL_SUPPRESS_SEND"] = True
    await idle.send_later(message(), at=in_(DAY), expires=in_(expires) if expires else None)

    clock.seconds += 2 * DAY
    await idle.drain()

    assert ends == (FAILED if expires else SENT)


async def test_cancelling_writes_one_line_in_the_log_however_many(idle, caplog):
    caplog.set_level(logging.INFO)
    one, *others = [await idle.send_later(message(), at=in_(DAY)) for _ in range(3)]

    await idle.cancel(one)
    await idle.cancel(*others)

    assert [line for line in caplog.messages if "cancelled" in line] == [
        f"message {one.id} cancelled (attempt 0)",
        f"2 messages cancelled: {', '.join(sorted((each.id for each in others), reverse=True))}",
    ]
