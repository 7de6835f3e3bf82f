"""What is promised about messages, 1 to 5; the README numbers the promises the same."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event

from quartapp.mail import Status
from quartapp.mail.testing import Phase, message
from tests.crash.clock import HandClock

NEVER = {"QUARTAPP_DISPATCH": False}
"""A service that queues and reads, and does not deliver."""


async def test_1_queued_means_sent_though_the_process_ends_and_the_server_is_down(
    serve, server, migrated_url
):
    await server.stop()
    async with serve(migrated_url) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()
    await server.start()

    async with serve(migrated_url) as mail:
        done = await mail.wait(delivery, timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 1)
    assert [sent.message_id for sent in server.messages] == [delivery.message_id]


async def test_1_queued_means_shown_where_it_cannot_be_sent(serve, server, migrated_url):
    server.answer(Phase.END_OF_DATA, "554 5.7.1 no such thing here")
    async with serve(migrated_url) as mail:
        failed = await mail.wait(await mail.send_later(message()), timeout=30)

        server.clear()
        await mail.retry(failed)
        done = await mail.wait(failed, timeout=30)

    assert (failed.status, done.status) == (Status.FAILED, Status.SENT)
    assert "554 5.7.1 no such thing here" in failed.detail


async def test_1_an_uncertain_message_says_why_and_can_be_retried(serve, server, migrated_url):
    server.drop(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, MAIL_ON_UNCERTAIN="hold") as mail:
        unsure = await mail.wait(await mail.send_later(message()), timeout=30)

        await mail.retry(unsure)
        done = await mail.wait(unsure, timeout=30)

    assert (unsure.status, done.status) == (Status.UNCERTAIN, Status.SENT)
    assert "connection lost after the end of data" in unsure.detail


async def test_2_rolled_back_means_never_sent(serve, server, migrated_url):
    async with serve(migrated_url) as mail:
        async with mail.outbox.database.transaction() as session:
            delivery = await mail.send_later(message(), session=session)
            await session.rollback()
        await mail.drain()

        assert await mail.get(delivery.id) is None
    assert server.messages == []


async def test_3_at_least_once_and_the_same_bytes_again(serve, server, migrated_url):
    server.drop(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, MAIL_UNCERTAIN_DELAY=0) as mail:
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    first, second = server.messages
    assert (done.status, done.attempts) == (Status.SENT, 2)
    assert first.content == second.content


async def test_3_a_message_is_resent_no_sooner_than_its_delay(serve, server, migrated_url):
    clock = HandClock()
    server.drop(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, clock=clock) as mail:
        queued = await mail.send_later(message())
        copies = []
        for seconds in (0, mail.settings.uncertain_delay - 1, 2):
            clock.seconds += seconds
            await mail.drain()
            copies.append(len(server.messages))
        done = await mail.get(queued.id)

    assert copies == [1, 1, 2]
    assert done.status is Status.SENT


async def test_3_an_accepted_recipient_is_not_sent_to_again(serve, server, migrated_url):
    server.answer(Phase.RCPT, "451 4.7.1 later", recipient="bob@example.com", times=1)
    both = message(recipients=["ada@example.com", "bob@example.com"])
    async with serve(migrated_url, MAIL_RETRY_FIRST=0.01) as mail:
        done = await mail.wait(await mail.send_later(both), timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 2)
    assert [copy.recipients for copy in server.messages] == [
        ("ada@example.com",), ("bob@example.com",),
    ]  # fmt: skip


async def test_3_an_uncertain_message_can_be_held_instead(serve, server, migrated_url):
    server.drop(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, MAIL_ON_UNCERTAIN="hold", MAIL_UNCERTAIN_DELAY=0) as mail:
        held = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (held.status, held.due_at, len(server.messages)) == (Status.UNCERTAIN, None, 1)


@pytest.mark.parametrize(("policy", "stamps"), [("resend", 0), ("hold", 5)])
async def test_3_only_hold_pays_a_write_before_each_end_of_data(
    serve, migrated_url, policy, stamps
):
    written = []
    async with serve(migrated_url, MAIL_ON_UNCERTAIN=policy, MAIL_CONNECTIONS=1) as mail:
        for engine in mail.outbox.database.engines:
            event.listen(
                engine.sync_engine, "before_cursor_execute", lambda *said: written.append(said[2])
            )
        for _ in range(5):
            await mail.wait(await mail.send_later(message()), timeout=30)

    assert sum("SET intent_at" in statement for statement in written) == stamps


async def test_4_never_two_owners_of_a_row(serve, server, migrated_url):
    async with serve(migrated_url, **NEVER, MAIL_LEASE=0.01) as frozen:
        delivery = await frozen.send_later(message())
        [claim] = (await frozen.outbox.claim(1)).claims
        async with serve(migrated_url) as alive:
            done = await alive.wait(delivery, timeout=30)

        assert await frozen.outbox.renew([claim]) == set()
        assert await frozen.outbox.stamp([claim]) == set()
        assert await frozen.get(delivery.id) == done
    assert len(server.messages) == 1


async def test_5_an_outage_costs_no_message_an_attempt(serve, server, migrated_url):
    server.answer(Phase.GREETING, "421 4.3.2 closing", times=3)
    async with serve(migrated_url, MAIL_BREAKER_FIRST=0.01) as mail:
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 1)


async def test_5_a_deferred_recipient_waits_and_a_rejected_one_has_failed(
    serve, server, migrated_url
):
    server.answer(Phase.RCPT, "451 4.7.1 later", recipient="bob@example.com", times=1)
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="eve@example.com")
    both = message(recipients=["bob@example.com", "eve@example.com"])
    async with serve(migrated_url, MAIL_RETRY_FIRST=0.01) as mail:
        done = await mail.wait(await mail.send_later(both), timeout=30)

    bob, eve = done.recipients
    assert (done.status, done.attempts) == (Status.FAILED, 2)
    assert (bob.status, eve.status, eve.code) == (Status.SENT, Status.FAILED, 550)
    assert server.transcript.count("RCPT TO:<eve@example.com>") == 1


async def test_5_a_message_that_always_gets_421_does_not_stop_the_others(serve, server):
    server.answer(Phase.RCPT, "421 4.7.0 not that one", recipient="poison@example.com")
    async with serve(MAIL_BREAKER_FIRST=0.01, MAIL_BREAKER_MAX=0.02) as mail:
        poison = await mail.send_later(message(recipients=["poison@example.com"]))
        others = [await mail.send_later(message()) for _ in range(5)]

        done = [await mail.wait(other, timeout=30) for other in others]
        while not (stuck := await mail.get(poison.id)).attempts:
            await mail.drain()

    assert {other.status for other in done} == {Status.SENT}
    assert (stuck.status, stuck.attempts) == (Status.QUEUED, 1)


async def test_5_a_message_that_always_gets_421_has_an_end_though_it_is_alone(serve, server):
    server.answer(Phase.RCPT, "421 4.7.0 not that one")
    async with serve(MAIL_BREAKER_FIRST=0.01, MAIL_BREAKER_MAX=0.02) as mail:
        poison = await mail.send_later(message())

        async with asyncio.timeout(30):
            while not (stuck := await mail.get(poison.id)).attempts:
                await mail.drain()

    assert (stuck.status, stuck.attempts) == (Status.QUEUED, 1)
