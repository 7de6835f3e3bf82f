"""Count messages: by state, and those that could be sent now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from quartapp.mail.outbox.query.views import Figures
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import IS_CLAIMED, at_most, is_any, messages

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, ScalarSelect
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
    new, retries = (
        first_of(*_are_due(queue, backend, is_retry, now)) for is_retry in (False, True)
    )
    counted = (await connection.execute(select(new + retries))).scalar_one()
    return min(int(counted), Figures.COUNTED + 1)


async def has_work(connection: AsyncConnection, queue: str, backend: str, now: datetime) -> bool:
    """Whether a message of this queue and backend is due or being sent."""
    claimed = (messages.c.queue == queue, messages.c.backend == backend, IS_CLAIMED)
    work = or_(
        is_any(messages.c.due_at, *_are_due(queue, backend, False, now)),
        is_any(messages.c.due_at, *_are_due(queue, backend, True, now)),
        is_any(messages.c.token, *claimed),
    )
    return bool((await connection.execute(select(work))).scalar_one())


def _are_due(
    queue: str, backend: str, is_retry: bool, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    # New messages and retries apart, because the index has them apart.
    return (
        messages.c.queue == queue,
        messages.c.backend == backend,
        messages.c.is_retry.is_(is_retry),
        messages.c.due_at <= now,
    )


def first_of(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """How many messages meet the conditions, or one more than we count."""
    # In order, so that PostgreSQL answers it from the index.
    some = select(messages.c.id).where(*conditions).order_by(messages.c.due_at)
    some = some.limit(at_most(Figures.COUNTED + 1))
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
