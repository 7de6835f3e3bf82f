"""Bounded work: what a dispatcher does when it is idle, and when it has a large backlog."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import event, text, true

from quartapp.mail.delivery.prefetch import LEAST
from quartapp.mail.testing import Phase
from tests.mail.outbox.backlog import many_messages, their_content, their_recipient
from tests.mail.outbox.sample import ADA, NOW


async def test_an_idle_dispatcher_asks_once_a_second(serve, url, database):
    async with serve(url) as mail:
        await mail.drain()
        asked = _times_of_statements(mail.outbox.database)
        async with asyncio.timeout(20):
            await asked.are_far_apart.wait()


async def test_an_idle_outbox_takes_no_lock(outbox, database):
    async with database.writing():
        batch = await outbox.claim(1)

    assert batch.claims == ()


async def test_a_dispatcher_woken_while_it_looks_looks_again_at_once(serve, url, database):
    async with serve(url) as mail:
        await mail.drain()
        asked = _times_of_statements(mail.outbox.database, then=mail.worker.wake)
        async with asyncio.timeout(20):
            await asked.are_close.wait()


async def test_a_dispatcher_holds_no_more_of_a_backlog_than_it_can_carry(
    serve, server, url, database
):
    server.stall(Phase.MAIL)
    async with database.writing() as connection:
        await connection.execute(many_messages("due", 2000, status="queued", due_at=NOW))
        await connection.execute(their_recipient(ADA, true(), due_at=NOW))
        await connection.execute(their_content())
        await connection.execute(text("ANALYZE"))

    async with serve(url, MAIL_CONNECTIONS=2, MAIL_DRAIN_TIMEOUT=0.1) as mail:
        await server.reached(Phase.MAIL)
        sending = [(await mail.stats())["sending"] for _ in range(50)]

    assert 0 < max(sending) <= 2 * LEAST


class _Times(list[float]):
    """When each statement was executed, those of the start included."""

    def __init__(self, then) -> None:
        super().__init__()
        self.are_far_apart = asyncio.Event()
        self.are_close = asyncio.Event()
        self._then = then

    def note(self, *_: object) -> None:
        """A statement is executed."""
        self.append(time.monotonic())
        if len(self) > 2 and self[-1] - self[-3] > 1.9:
            self.are_far_apart.set()
        if len(self) > 20 and self[-1] - self[-20] < 10:
            self.are_close.set()
        self._then()


def _times_of_statements(database, then=lambda: None):
    times = _Times(then)
    for engine in database.engines:
        event.listen(engine.sync_engine, "after_cursor_execute", times.note)
    return times
