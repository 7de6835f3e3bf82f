"""Count messages: by state, and those that could be sent now."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from quartapp.mail.choices import Priority
from quartapp.mail.outbox.lanes import FRESH, OURS, RETRIES
from quartapp.mail.outbox.query.views import Figures
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import IS_CLAIMED, at_most, is_any, messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["count", "due", "first_of", "has_work"]


async def count(connection: AsyncConnection, queue: str) -> dict[Status, int]:
    """How many messages are in each state."""
    query = select(messages.c.status, func.count().label("number"))
    query = query.where(messages.c.queue == queue).group_by(messages.c.status)
    counted = {row.status: row.number for row in await connection.execute(query)}
    return {status: counted.get(status, 0) for status in Status}


async def due(connection: AsyncConnection, queue: str, backend: str, now: datetime) -> int:
    """How many messages are due and unclaimed; it counts no further than `Figures` does.

    So it costs the same however many there are.
    """
    lanes = (first_of(*lane) for lane in _due(queue, backend, now))
    counted = (await connection.execute(select(*lanes))).one()
    return min(sum(counted), Figures.COUNTED + 1)


async def has_work(connection: AsyncConnection, queue: str, backend: str, now: datetime) -> bool:
    """Whether a message of this queue and backend is due or being sent."""
    which = {"queue_": queue, "backend_": backend, "now_": now}
    return bool((await connection.execute(HAS_WORK, which)).scalar_one())


HAS_WORK = select(or_(FRESH.is_any, RETRIES.is_any, is_any(messages.c.token, OURS, IS_CLAIMED)))


def _due(queue: str, backend: str, now: datetime) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """The conditions of each lane: apart, because the index has them apart."""
    for is_retry, priority in product((False, True), Priority):
        yield (
            messages.c.queue == queue,
            messages.c.backend == backend,
            messages.c.is_retry.is_(is_retry),
            messages.c.priority == priority,
            messages.c.due_at <= now,
        )


def first_of(
    *conditions: ColumnElement[bool], order: Sequence[Column[Any]] = (messages.c.due_at,)
) -> ScalarSelect[Any]:
    """How many messages meet the conditions, or one more than we count.

    order
        That of the index, so that PostgreSQL answers it from there.
    """
    some = select(messages.c.id).where(*conditions).order_by(*order)
    some = some.limit(at_most(Figures.COUNTED + 1))
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
