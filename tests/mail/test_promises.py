"""What is promised, promise by promise; the README numbers them the same."""

from __future__ import annotations

import asyncio

import pytest

from quartapp.mail import BadHeaderError, Message, Status
from quartapp.mail.testing import Phase, letter

NEVER = {"QUARTAPP_DISPATCH": False}
"""A service that keeps and looks, and does not deliver."""


async def test_1_kept_means_sent_though_the_process_ends_and_the_server_is_down(
    serve, server, database_url
):
    await server.stop()
    async with serve(database_url) as mail:
        delivery = await mail.send_later(letter())
        await mail.drain()
    await server.start()

    async with serve(database_url) as mail:
        done = await mail.wait(delivery, timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 1)
    assert [sent.message_id for sent in server.letters] == [delivery.message_id]


async def test_1_kept_means_shown_where_it_cannot_be_sent(serve, server, database_url):
    server.answer(Phase.DOT, "554 5.7.1 no such thing here")
    async with serve(database_url) as mail:
        failed = await mail.wait(await mail.send_later(letter()), timeout=30)

        server.clear()
        await mail.retry(failed)
        done = await mail.wait(failed, timeout=30)

    assert (failed.status, done.status) == (Status.FAILED, Status.SENT)
    assert "554 5.7.1 no such thing here" in failed.detail


async def test_2_rolled_back_means_never_sent(serve, server, database_url):
    async with serve(database_url) as mail:
        async with mail.outbox.database.transaction() as session:
            delivery = await mail.send_later(letter(), session=session)
            await session.rollback()
        await mail.drain()

        assert await mail.get(delivery.id) is None
    assert server.letters == []


async def test_3_at_least_once_and_the_same_bytes_again(serve, server, database_url):
    server.drop(Phase.DOT, times=1)
    async with serve(database_url, MAIL_UNCERTAIN_DELAY=0) as mail:
        done = await mail.wait(await mail.send_later(letter()), timeout=30)

    first, second = server.letters
    assert (done.status, done.attempts) == (Status.SENT, 2)
    assert first.content == second.content


async def test_3_an_uncertain_letter_can_be_held_instead(serve, server, database_url):
    server.drop(Phase.DOT, times=1)
    async with serve(database_url, MAIL_ON_UNCERTAIN="hold", MAIL_UNCERTAIN_DELAY=0) as mail:
        held = await mail.wait(await mail.send_later(letter()), timeout=30)

    assert (held.status, held.due_at, len(server.letters)) == (Status.UNCERTAIN, None, 1)


async def test_4_never_two_owners_of_a_row(serve, server, database_url):
    async with serve(database_url, **NEVER, MAIL_LEASE=0.01) as frozen:
        delivery = await frozen.send_later(letter())
        [claim] = (await frozen.outbox.claim(1)).claims
        async with serve(database_url) as alive:
            done = await alive.wait(delivery, timeout=30)

        assert await frozen.outbox.renew([claim]) == set()
        assert await frozen.outbox.stamp([claim]) == set()
        assert await frozen.get(delivery.id) == done
    assert len(server.letters) == 1


async def test_5_the_servers_own_trouble_costs_no_letter_an_attempt(serve, server, database_url):
    server.answer(Phase.GREETING, "421 4.3.2 closing", times=3)
    async with serve(database_url, MAIL_BREAKER_FIRST=0.01) as mail:
        done = await mail.wait(await mail.send_later(letter()), timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 1)


async def test_5_a_letter_that_the_server_cannot_stand_does_not_stop_the_others(serve, server):
    server.answer(Phase.RCPT, "421 4.7.0 not that one", recipient="poison@example.com")
    async with serve(MAIL_BREAKER_FIRST=0.01, MAIL_BREAKER_MAX=0.02) as mail:
        poison = await mail.send_later(letter(recipients=["poison@example.com"]))
        others = [await mail.send_later(letter()) for _ in range(5)]

        done = [await mail.wait(other, timeout=30) for other in others]
        while not (stuck := await mail.get(poison.id)).attempts:
            await mail.drain()

    assert {other.status for other in done} == {Status.SENT}
    assert (stuck.status, stuck.attempts) == (Status.QUEUED, 1)


async def test_6_keeping_a_letter_never_waits_for_smtp(serve, server, database_url):
    server.stall(Phase.GREETING)
    async with serve(database_url, MAIL_DRAIN_TIMEOUT=0.1) as mail:
        await mail.send_later(letter())
        await server.reached(Phase.GREETING)

        async with asyncio.timeout(30):
            kept = [await mail.send_later(letter()) for _ in range(20)]

    assert {delivery.status for delivery in kept} == {Status.QUEUED}


async def test_7_shutdown_gives_back_what_is_before_its_dot(serve, server, database_url):
    server.stall(Phase.DATA)
    async with serve(database_url) as mail:
        delivery = await mail.send_later(letter())
        await server.reached(Phase.DATA)

    async with serve(database_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, after.attempts, server.letters) == (Status.QUEUED, 0, [])
    assert after.due_at is not None


async def test_7_shutdown_waits_for_the_answer_to_a_dot(serve, server, database_url):
    server.delay(Phase.DOT, 0.5)
    async with serve(database_url) as mail:
        delivery = await mail.send_later(letter())
        await server.reached(Phase.DOT)

    async with serve(database_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, len(server.letters)) == (Status.SENT, 1)


async def test_7_shutdown_leaves_what_was_not_answered_uncertain(serve, server, database_url):
    server.stall(Phase.DOT)
    async with serve(database_url, MAIL_DRAIN_TIMEOUT=0.2) as mail:
        delivery = await mail.send_later(letter())
        await server.reached(Phase.DOT)

    async with serve(database_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, after.attempts) == (Status.UNCERTAIN, 1)


@pytest.mark.parametrize(
    "field",
    [
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"recipients": ["ada@example.com\r\nBcc: eve@example.com"]},
        {"cc": ["ada@example.com\nX: y"]},
        {"reply_to": "ada@example.com\r\nX: y"},
        {"sender": "ada@example.com\r\nX: y"},
        {"extra_headers": {"X-A": "b\r\nBcc: eve@example.com"}},
        {"extra_headers": {"X-A\r\nBcc": "eve@example.com"}},
        {"mail_options": ["SIZE=1\r\nRCPT TO:<eve@example.com>"]},
    ],
    ids=lambda field: next(iter(field)),
)
def test_8_a_letter_cannot_carry_headers_of_somebody_elses_choosing(field):
    with pytest.raises(BadHeaderError):
        Message(**{"recipients": ["ada@example.com"], **field})


def test_8_an_attachment_cannot_either():
    with pytest.raises(BadHeaderError):
        letter().attach("notes.txt\r\nX: y", "text/plain", "notes")
