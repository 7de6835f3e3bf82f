"""Have messages due at once that wait only because the clock was set back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, or_, select, update

from quartapp.mail.choices import Priority
from quartapp.mail.outbox.tables import at_most, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database

__all__ = ["hasten"]

BATCH = 500
"""Messages in one transaction, so that other writers do not wait long for it."""

NOW: Any = bindparam("now_")

# Its wait began in what is the future now. One that waits for its `at` waits for that very time.
BEGAN_LATER = or_(
    messages.c.deferred_at > NOW,
    and_(
        messages.c.deferred_at.is_(None),
        messages.c.created_at > NOW,
        messages.c.since <= messages.c.created_at,
    ),
)
LATE = (
    select(messages.c.id)
    .where(
        messages.c.queue == bindparam("queue_"),
        messages.c.backend == bindparam("backend_"),
        messages.c.is_retry.in_([False, True]),
        messages.c.priority.in_(list(Priority)),
        messages.c.due_at > NOW,
        BEGAN_LATER,
    )
    .limit(at_most(BATCH))
)


async def hasten(database: Database, queue: str, backend: str, now: datetime) -> None:
    """Have them all due now. It looks first, because hardly ever there are any."""
    which = {"queue_": queue, "backend_": backend, "now_": now}
    async with database.reading() as connection:
        more = (await connection.execute(LATE, which)).first() is not None
    while more:
        async with database.writing() as connection:
            more = await _hasten(connection, which)


async def _hasten(connection: AsyncConnection, which: Mapping[str, Any]) -> bool:
    """Have some of them due now; returns whether there were any."""
    ids = list((await connection.execute(LATE.with_for_update(skip_locked=True), which)).scalars())
    now = which["now_"]
    await connection.execute(update(messages).where(messages.c.id.in_(ids)).values(due_at=now))
    await connection.execute(
        update(recipients)
        .where(recipients.c.delivery_id.in_(ids), recipients.c.due_at > now)
        .values(due_at=now)
    )
    return bool(ids)
