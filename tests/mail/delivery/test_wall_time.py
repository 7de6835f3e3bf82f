"""A clock that is wrong, or set, at any moment: one copy, and nothing waits for it."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, message
from tests.crash.clock import HandClock

NEVER = {"QUARTAPP_DISPATCH": False}
HOUR = 3600
STEPS = [HOUR, -HOUR, 25 * HOUR]


async def alone(mail):
    return await mail.send_later(message())


async def in_a_transaction(mail):
    async with mail.outbox.database.transaction() as session:
        return await mail.send_later(message(), session=session)


async def with_others(mail):
    async with mail.outbox.database.transaction() as session:
        [delivery] = await mail.send_all_later([message()], session=session)
    return delivery


@pytest.mark.parametrize("queue", [alone, in_a_transaction, with_others])
async def test_a_host_that_is_ahead_and_delivers_nothing_queues_by_the_databases_time(
    serve, postgres_url, queue
):
    ahead = HandClock()
    ahead.set_by = HOUR
    async with serve(postgres_url, **NEVER, clock=ahead) as web, serve(postgres_url) as worker:
        done = await worker.wait(await queue(web), timeout=30)

    assert done.status is Status.SENT


async def test_a_host_that_is_ahead_retries_by_the_databases_time(serve, server, postgres_url):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    ahead = HandClock()
    ahead.set_by = HOUR
    async with serve(postgres_url) as worker, serve(postgres_url, **NEVER, clock=ahead) as web:
        failed = await worker.wait(await worker.send_later(message()), timeout=30)

        await web.retry(failed)
        done = await worker.wait(failed, timeout=30)

    assert (failed.status, done.status) == (Status.FAILED, Status.SENT)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA, Phase.END_OF_DATA])
async def test_a_clock_that_is_set_during_an_attempt_makes_no_second_copy(
    serve, server, migrated_url, phase, step
):
    clock = HandClock()
    server.stall(phase, times=1)
    async with serve(migrated_url, clock=clock) as mail:
        slow = await mail.send_later(message())
        await server.reached(phase)

        clock.set_by = step
        later = await mail.wait(await mail.send_later(message()), timeout=30)
        server.resume()
        done = await mail.wait(slow, timeout=30)

    assert (later.status, done.status, done.attempts) == (Status.SENT, Status.SENT, 1)
    assert [copy.message_id for copy in server.messages].count(done.message_id) == 1
    assert len(server.messages) == 2


@pytest.mark.parametrize("step", STEPS)
async def test_a_message_does_not_wait_for_a_clock_that_was_set(serve, server, migrated_url, step):
    clock = HandClock()
    server.answer(Phase.RCPT, "451 4.7.1 later", times=1)
    async with serve(migrated_url, clock=clock) as mail:
        deferred = await mail.send_later(message())
        await mail.drain()

        clock.set_by = step
        clock.seconds += 1.2 * mail.settings.retry_first
        done = await mail.wait(deferred, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 2, 1)


async def test_a_message_does_not_wait_for_a_clock_that_was_set_back_before_a_restart(
    serve, server, migrated_url
):
    clock = HandClock()
    async with serve(migrated_url, **NEVER, clock=clock) as web:
        queued = await web.send_later(message())

    clock.set_by = -HOUR
    async with serve(migrated_url, clock=clock) as mail:
        done = await mail.wait(queued, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)
