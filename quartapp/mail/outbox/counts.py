"""Counts of how attempts ended, written in the transaction that records the outcome."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import at_most, counts
from quartapp.mail.outbox.workers import WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.mail.outbox.decision import Decision

__all__ = ["Count", "add", "add_suppressed", "counted_as", "minute_of", "roll_up"]

BY_THE_MINUTE = timedelta(hours=48)
KEPT = timedelta(days=400)
BATCH = 2_000
"""Rows in one transaction of a roll-up, so that other writers do not wait long for it."""

HOURLY = ""
"""The worker of a row that has all of an hour."""


class Count(StrEnum):
    """What is counted: how attempts ended, and messages that ended without one.

    `FAILED` has those that expired, `CANCELLED` those that a person or a program stopped,
    `SUPPRESSED` those that were sent nowhere. A retry by a person takes nothing back.
    """

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


COUNT_OF: Mapping[Status, Count] = {
    Status.SENT: Count.SENT,
    Status.QUEUED: Count.DEFERRED,
    Status.FAILED: Count.FAILED,
    Status.UNCERTAIN: Count.UNCERTAIN,
    Status.CANCELLED: Count.CANCELLED,
}
"""What an attempt counts as that leaves a message in this state."""


def counted_as(decision: Decision) -> Count | None:
    """What a decision counts as; None where the message was released, or goes on at once."""
    if decision.goes_on or not (decision.counts or decision.is_final):
        return None
    if decision.claim.backend == SUPPRESSED and decision.status is Status.SENT:
        return Count.SUPPRESSED
    return COUNT_OF[decision.status]


async def add(
    connection: AsyncConnection, worker: WorkerId, events: Iterable[tuple[Count, datetime]]
) -> None:
    """Count what happened at these moments. The last statement of its transaction but the commit.

    worker
        Names the process: a row that others wrote too would make them wait for each other.
    """
    numbers = Counter((count, minute_of(moment)) for count, moment in events)
    # In one order, so that two transactions of one process do not deadlock.
    await _add(connection, [_row(*key, worker, numbers[key]) for key in sorted(numbers)])


async def add_suppressed(
    connection: AsyncConnection, whose: WorkerId, number: int, now: datetime
) -> None:
    """Count messages that are suppressed in a caller's transaction.

    whose
        With the id of one of them in place of a process. Their row is theirs alone: a shared one
        would be locked until the caller commits, and other callers with it.
    """
    row = _row(Count.SUPPRESSED, minute_of(now), whose, number)
    await connection.execute(insert(counts), row)


def minute_of(moment: datetime) -> datetime:
    """The beginning of its minute."""
    return moment.replace(second=0, microsecond=0)


async def roll_up(database: Database, queue: str, now: datetime) -> int:
    """Add up a queue's minutes of more than two days ago by the hour; returns how many rows went.

    Rows of more than 400 days ago are deleted. Any number of processes may do so at once: each
    takes rows that no other has, and what it takes and what it adds are one transaction.
    """
    gone = 0
    for count in Count:
        async with database.writing() as connection:
            gone += await _delete(connection, queue, count, before=now - KEPT)
            gone += await _roll_up(connection, queue, count, before=now - BY_THE_MINUTE)
    return gone


async def _roll_up(connection: AsyncConnection, queue: str, count: Count, before: datetime) -> int:
    hour = _hour_of(before)
    minutes = (
        counts.c.queue == queue,
        counts.c.outcome == count,
        counts.c.starts_at < hour,
        counts.c.worker != HOURLY,
    )
    taken = (await connection.execute(_taking(*minutes))).all()
    numbers: Counter[datetime] = Counter()
    for row in taken:
        numbers[_hour_of(row.starts_at)] += row.number
    whole = WorkerId(queue, HOURLY)
    await _add(connection, [_row(count, at, whole, numbers[at]) for at in sorted(numbers)])
    return len(taken)


async def _delete(connection: AsyncConnection, queue: str, count: Count, before: datetime) -> int:
    old = (counts.c.queue == queue, counts.c.outcome == count, counts.c.starts_at < before)
    return len((await connection.execute(_taking(*old))).all())


def _taking(*conditions: Any) -> Any:
    """Delete the first rows that meet the conditions and that nobody else takes; returns them."""
    key = (counts.c.queue, counts.c.outcome, counts.c.starts_at, counts.c.worker)
    first = select(*key).where(*conditions).order_by(*key).limit(at_most(BATCH))
    # A CTE, because PostgreSQL may run a limited sub-query in DELETE more than once.
    taken = first.with_for_update(skip_locked=True).cte("taken")
    picked = select(taken.c.queue, taken.c.outcome, taken.c.starts_at, taken.c.worker)
    return (
        delete(counts)
        .where(tuple_(*key).in_(picked))
        .returning(counts.c.starts_at, counts.c.number)
    )


async def _add(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    if rows:
        upsert = UPSERTS[connection.dialect.name == "sqlite"]
        await connection.execute(upsert, rows)


def _upsert(into: Any) -> Any:
    return into.on_conflict_do_update(
        index_elements=list(counts.primary_key),
        set_={"number": counts.c.number + into.excluded.number},
    )


UPSERTS = (_upsert(postgresql.insert(counts)), _upsert(sqlite.insert(counts)))


def _row(count: Count, starts_at: datetime, worker: WorkerId, number: int) -> dict[str, Any]:
    return {
        "queue": worker.queue,
        "outcome": count,
        "starts_at": starts_at,
        "worker": worker.name,
        "number": number,
    }


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
