"""The outbox in figures, which cost the same however many messages there are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal_column, select

from quartapp.mail.choices import SUPPRESSED, Backend
from quartapp.mail.outbox.counts import Count, minute_of
from quartapp.mail.outbox.query.counts import first_of
from quartapp.mail.outbox.query.find import Filter
from quartapp.mail.outbox.query.listing import listed
from quartapp.mail.outbox.query.views import Figures, Minute
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import IS_SUPPRESSED, at_most, attempts, counts, messages
from quartapp.mail.outbox.workers import at_work

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, ScalarSelect, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.mail.outbox.workers import WorkerId, WorkerState

__all__ = ["figures"]

MINUTE = timedelta(minutes=1)
HOUR = 60
LATELY = timedelta(minutes=10)
BACKENDS = (Backend.SMTP, Backend.MAILBOX, SUPPRESSED)
SHOWN = tuple(count for count in Count if count is not Count.SUPPRESSED)


async def figures(
    database: Database, now: datetime, *, backend: str, worker: WorkerId, here: WorkerState | None
) -> Figures:
    """Messages in each state, those that wait, the last hour minute by minute, and who delivers.

    backend, worker
        Those of this process.
    here
        How this process delivers, which it knows better than the table does; None where it does
        not.
    """
    # Side by side, each on a connection of its own.
    states, history = await asyncio.gather(
        _states(database, now, worker, here), _history(database, worker.queue, now)
    )
    return Figures(at=now, backend=backend, **states, **history)


async def _states(
    database: Database, now: datetime, worker: WorkerId, here: WorkerState | None
) -> dict[str, Any]:
    async with database.reading() as connection:
        counted = (await connection.execute(_counts(worker.queue))).one()
        oldest = (await connection.execute(_oldest(worker.queue))).first()
        others = await at_work(connection, now, but=worker)
    return {
        "counts": {status: getattr(counted, status) for status in Status},
        "suppressed": counted.suppressed,
        "waiting": {backend: _no_more(getattr(counted, f"for_{backend}")) for backend in BACKENDS},
        "oldest": oldest.id if oldest else None,
        "oldest_at": oldest.created_at if oldest else None,
        "workers": (here, *others) if here else others,
    }


async def _history(database: Database, queue: str, now: datetime) -> dict[str, Any]:
    async with database.reading() as connection:
        minutes = await _last_hour(connection, queue, now)
        replies = (
            await connection.execute(REPLIES, {"queue_": queue, "since_": now - LATELY})
        ).scalars()
    return {"minutes": minutes, "replies": tuple(replies)}


def _no_more(number: int) -> int:
    return min(number, Figures.COUNTED + 1)


def _count(queue: str, status: Status) -> ScalarSelect[int]:
    """How many messages are in a state, or one more than we count."""
    # As a range, and in order, so that PostgreSQL answers it from the index. A range of pairs, as
    # pages need it, takes twice as long, and so do rows with anything in them.
    some: Select[Any] = (
        select(literal_column("1"))
        .where(messages.c.queue == queue, messages.c.status >= status, messages.c.status <= status)
        .order_by(messages.c.queue, messages.c.status)
        .limit(at_most(Figures.COUNTED + 1))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _oldest_in(queue: str, status: Status) -> ScalarSelect[str]:
    first = listed("status", Filter(queue=queue, status=status), upwards=True)
    return first.limit(at_most(1)).scalar_subquery()


def _suppressed(queue: str) -> ScalarSelect[int]:
    some: Select[Any] = (
        select(literal_column("1"))
        .where(messages.c.queue == queue, IS_SUPPRESSED)
        .limit(at_most(Figures.COUNTED + 1))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _waiting(queue: str, backend: str) -> ColumnElement[int]:
    """How many messages of a backend wait for an attempt, or more than we count."""
    new, again = (
        first_of(
            messages.c.queue == queue,
            messages.c.backend == backend,
            messages.c.is_retry.is_(is_retry),
            messages.c.due_at.is_not(None),
            order=(messages.c.priority, messages.c.due_at),
        )
        for is_retry in (False, True)
    )
    return new + again


def _counts(queue: str) -> Select[Any]:
    columns: list[ColumnElement[int]] = [_count(queue, status).label(status) for status in Status]
    columns.append(_suppressed(queue).label("suppressed"))
    columns += [_waiting(queue, backend).label(f"for_{backend}") for backend in BACKENDS]
    return select().add_columns(*columns)


def _oldest(queue: str) -> Select[Any]:
    first = [_oldest_in(queue, Status.QUEUED), _oldest_in(queue, Status.SENDING)]
    query: Select[Any] = select(messages.c.id, messages.c.created_at)
    return query.where(messages.c.id.in_(first)).order_by(messages.c.id).limit(1)


REPLIES = (
    select(attempts.c.reply)
    .where(
        attempts.c.queue == bindparam("queue_"),
        attempts.c.ended_at >= bindparam("since_"),
        attempts.c.status != Status.SENT,
    )
    .order_by(attempts.c.ended_at.desc())
    .limit(at_most(Figures.REPLIES))
)
ENDED = (
    select(counts.c.starts_at, counts.c.outcome, func.sum(counts.c.number).label("number"))
    .where(
        counts.c.queue == bindparam("queue_"),
        counts.c.outcome.in_(SHOWN),
        # With two ends, or PostgreSQL plans to find a third of the table.
        counts.c.starts_at.between(bindparam("since_"), bindparam("until_")),
    )
    .group_by(counts.c.starts_at, counts.c.outcome)
)


async def _last_hour(connection: AsyncConnection, queue: str, now: datetime) -> tuple[Minute, ...]:
    starts = [minute_of(now) - MINUTE * ago for ago in reversed(range(HOUR))]
    numbers: dict[datetime, dict[str, int]] = defaultdict(dict)
    hour = {"queue_": queue, "since_": starts[0], "until_": starts[-1]}
    for row in await connection.execute(ENDED, hour):
        numbers[row.starts_at][row.outcome] = row.number
    return tuple(Minute(start, **numbers[start]) for start in starts)
