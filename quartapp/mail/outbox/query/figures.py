"""The outbox in figures, which cost the same however many messages there are."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, literal_column, select, union_all

from quartapp.database.columns import UtcDateTime
from quartapp.mail.outbox.query.find import Filter
from quartapp.mail.outbox.query.listing import listed
from quartapp.mail.outbox.query.views import Figures, Minute
from quartapp.mail.outbox.states import FAILURES, Status
from quartapp.mail.outbox.tables import IS_SUPPRESSED, at_most, messages

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import CTE, Row, ScalarSelect, Select

    from quartapp.database import Database

__all__ = ["figures"]

MINUTE = timedelta(minutes=1)
HOUR = 60


async def figures(database: Database, now: datetime) -> Figures:
    """Messages in each state, the oldest unsent one, and the last hour minute by minute."""
    # Side by side, each on a connection of its own.
    (counts, suppressed, oldest), minutes = await asyncio.gather(
        _states(database), _last_hour(database, now)
    )
    return Figures(
        counts=counts,
        suppressed=suppressed,
        oldest=oldest.id if oldest else None,
        oldest_at=oldest.created_at if oldest else None,
        minutes=minutes,
    )


async def _states(
    database: Database,
) -> tuple[dict[Status, int], int, Row[str, datetime] | None]:
    async with database.reading() as connection:
        counted = (await connection.execute(COUNTS)).one()
        oldest = (await connection.execute(OLDEST)).first()
    counts = {status: getattr(counted, status) for status in Status}
    return counts, counted.suppressed, oldest


def _count(status: Status) -> ScalarSelect[int]:
    """How many messages are in a state, or one more than we count."""
    # As a range, and in order, so that PostgreSQL answers it from the index. A range of pairs, as
    # pages need it, takes twice as long, and so do rows with anything in them.
    some: Select[Any] = (
        select(literal_column("1"))
        .where(messages.c.status >= status, messages.c.status <= status)
        .order_by(messages.c.status)
        .limit(at_most(Figures.COUNTED + 1))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _oldest(status: Status) -> ScalarSelect[str]:
    first = listed("status", Filter(status=status), upwards=True)
    return first.limit(at_most(1)).scalar_subquery()


def _suppressed() -> ScalarSelect[int]:
    some: Select[Any] = (
        select(literal_column("1")).where(IS_SUPPRESSED).limit(at_most(Figures.COUNTED + 1))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


COUNTS = select(
    *(_count(status).label(status) for status in Status), _suppressed().label("suppressed")
)
OLDEST = (
    select(messages.c.id, messages.c.created_at)
    .where(messages.c.id.in_([_oldest(Status.QUEUED), _oldest(Status.SENDING)]))
    .order_by(messages.c.id)
    .limit(1)
)


async def _last_hour(database: Database, now: datetime) -> tuple[Minute, ...]:
    this = now.replace(second=0, microsecond=0)
    starts = [this - MINUTE * ago for ago in reversed(range(HOUR))]
    # Materialized, or PostgreSQL would start workers for it, which takes longer than the answer.
    minutes = union_all(*(_bounds(start) for start in starts)).cte("minutes")
    minutes = minutes.prefix_with("MATERIALIZED", dialect="postgresql")
    query = select(
        minutes.c.starts_at, _ended(minutes, Status.SENT), _ended(minutes, *FAILURES)
    ).order_by(minutes.c.starts_at)
    async with database.reading() as connection:
        return tuple(Minute(*row) for row in await connection.execute(query))


def _bounds(start: datetime) -> Select[datetime, datetime]:
    return select(
        literal(start, UtcDateTime).label("starts_at"),
        literal(start + MINUTE, UtcDateTime).label("ends_at"),
    )


def _ended(minutes: CTE, *statuses: Status) -> ScalarSelect[int]:
    """How many of the first messages that ended in a minute ended so."""
    ended = union_all(*(_first_ended(minutes, is_pruned) for is_pruned in (False, True)))
    some = ended.subquery()
    return select(func.count()).where(some.c.status.in_(statuses)).scalar_subquery()


def _first_ended(minutes: CTE, is_pruned: bool) -> Select[Any]:
    first = (
        select(messages.c.status)
        .where(messages.c.is_pruned.is_(is_pruned))
        .where(messages.c.ended_at >= minutes.c.starts_at, messages.c.ended_at < minutes.c.ends_at)
        .order_by(messages.c.ended_at)
        .limit(at_most(Figures.A_MINUTE))
    )
    return select(first.correlate(minutes).subquery())
