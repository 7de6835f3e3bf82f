"""Workers: who delivers, as a process sees it that only serves pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from quartapp.mail.outbox import workers
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.tables import workers as table
from quartapp.mail.outbox.workers import WorkerState
from tests.mail.outbox.sample import DAY, MINUTE, NOW

PAUSED = WorkerState(
    backend="smtp",
    outage="mx.example refused the connection",
    outage_since=NOW - MINUTE,
    next_attempt_at=NOW + MINUTE,
)


@pytest.fixture
def report(outbox):
    """The report of a process that does not deliver."""
    return Report(outbox, lambda ids: ids)


async def tell(outbox, state):
    """Let a process say that it delivers."""
    await workers.tell(outbox.database, outbox.worker, state, outbox.now())


async def forget(outbox):
    """Let a process say that it does not."""
    await workers.forget(outbox.database, outbox.worker, outbox.now())


async def seen(outbox, worker, ago):
    """Let a worker have said that it is there so long ago."""
    async with outbox.database.writing() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        now = outbox.now() if is_sqlite else await connection.scalar(select(func.clock_timestamp()))
        here = table.c.id == worker.worker.name
        await connection.execute(update(table).where(here).values(seen_at=now - ago))


async def test_another_process_sees_that_one_delivers_and_what_holds_it_up(report, other):
    await tell(other, WorkerState(backend="smtp"))
    before = (await report.figures()).workers

    await tell(other, PAUSED)

    assert before == (WorkerState(backend="smtp"),)
    assert (await report.figures()).workers == (PAUSED,)


async def test_a_process_that_stops_is_seen_no_more(report, other):
    await tell(other, PAUSED)

    await forget(other)

    assert (await report.figures()).workers == ()


@pytest.mark.parametrize(
    ("ago", "is_there"),
    [(0, True), (20, True), (40, False), (7200, False), (-20, True), (-3600, False)],
)
async def test_a_process_that_died_is_taken_for_dead_by_the_databases_time(
    report, other, ago, is_there
):
    await tell(other, PAUSED)

    await seen(other, other, timedelta(seconds=ago))

    assert bool((await report.figures()).workers) is is_there


async def test_a_process_knows_itself_better_than_its_row(outbox):
    await tell(outbox, WorkerState(backend="smtp"))
    report = Report(outbox, lambda ids: ids, lambda: PAUSED)

    assert (await report.figures()).workers == (PAUSED,)


async def test_the_rows_of_those_that_died_long_ago_are_deleted(outbox, other):
    await tell(other, PAUSED)
    await seen(outbox, other, 2 * 365 * DAY)

    await forget(outbox)

    async with outbox.database.reading() as connection:
        assert (await connection.execute(select(table))).all() == []
