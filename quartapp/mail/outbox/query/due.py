"""How many messages could be sent now: a number that costs the same however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from quartapp.mail.outbox.query.views import Figures
from quartapp.mail.outbox.tables import at_most, messages

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["due"]


async def due(connection: AsyncConnection, backend: str, now: datetime) -> int:
    """How many are due and in nobody's hands; no more are counted than `Figures` counts."""
    fresh, again = (_count(is_retry, backend, now) for is_retry in (False, True))
    counted = (await connection.execute(select(fresh + again))).scalar_one()
    return min(int(counted), Figures.COUNTED + 1)


def _count(is_retry: bool, backend: str, now: datetime) -> ScalarSelect[Any]:
    some = (
        select(messages.c.id)
        .where(messages.c.backend == backend, messages.c.is_retry.is_(is_retry))
        .where(messages.c.due_at <= now)
        # In order, so that PostgreSQL answers it from the index.
        .order_by(messages.c.due_at)
        .limit(at_most(Figures.COUNTED + 1))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
