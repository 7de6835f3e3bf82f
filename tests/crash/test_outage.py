"""A mail server that is away for long: messages wait for it, and none has lost an attempt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import message
from tests.crash.browser import fill_in
from tests.crash.clock import HandClock
from tests.crash.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail import Mail
    from quartapp.mail.testing import SMTPServer
    from tests.crash.conftest import Start

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]

MESSAGES = 500
HOUR = 3600.0
STEP = 20.0
"""How far the clock is moved at a time, in seconds: less than the breaker's longest pause."""


async def queue(mail: Mail, count: int) -> None:
    """Queue so many messages in one transaction."""
    async with mail.outbox.database.transaction() as session:
        for number in range(count):
            await mail.send_later(message(subject=f"Message {number}"), session=session)


async def pass_time(mail: Mail, clock: HandClock, seconds: float) -> int:
    """Let time pass, with a look at the outbox at each step; how often the server was probed."""
    probes, end = 0, clock.seconds + seconds
    while clock.seconds < end:
        clock.seconds += STEP
        probes += not mail.worker.is_blocked
        mail.worker.wake()
        await blocked(mail)
    return probes


async def blocked(mail: Mail) -> None:
    """Wait until the mail server is left alone, and nothing is in hand."""

    async def is_blocked() -> bool:
        return mail.worker.is_blocked and not mail.worker.is_busy

    await until(is_blocked, lambda: f"the breaker opened; {mail!r}")


@pytest.mark.timeout(120)
async def test_after_an_hour_without_a_server_all_messages_leave_and_none_has_lost_an_attempt(
    serve: Serve, server: SMTPServer, migrated_url: str
) -> None:
    clock = HandClock()
    await server.stop()
    async with serve(migrated_url, clock=clock) as mail:
        await queue(mail, MESSAGES)
        await blocked(mail)
        probes = await pass_time(mail, clock, HOUR)
        waiting = await mail.find(limit=MESSAGES)

        await server.start()
        clock.seconds += 2 * mail.settings.breaker_max
        mail.worker.wake()
        await mail.drain()
        done = await mail.find(limit=MESSAGES)

    assert {(each.status, each.attempts) for each in waiting} == {(Status.QUEUED, 0)}
    assert {(each.status, each.attempts) for each in done} == {(Status.SENT, 1)}
    assert len({copy.message_id for copy in server.messages}) == len(server.messages) == MESSAGES
    assert 50 < probes < 80


async def test_a_message_of_a_process_that_was_killed_before_it_left_arrives_once(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    settings |= {"FLASKY_ADMIN": "admin@example.com", "SESSION_COOKIE_SECURE": "false"}
    await server.stop()
    process = start("quartapp", "run", "--port", "0", **settings)
    page = await process.says(r"(http://[\d.:]+)/")
    await asyncio.to_thread(fill_in, page, "Ada")
    await process.says("(refused the connection)")

    await process.kill()
    await server.start()
    start("quartapp", "run", "--port", "0", **settings)
    await server.received(1, timeout=30)

    [delivery] = await keeper.find()
    await until(lambda: is_sent(keeper, delivery.id), lambda: "the message recorded")
    assert len(server.messages) == 1


async def is_sent(mail: Mail, delivery_id: str) -> bool:
    """Whether a message is recorded as sent."""
    seen = await mail.get(delivery_id)
    return seen is not None and (seen.status, seen.attempts) == (Status.SENT, 1)
