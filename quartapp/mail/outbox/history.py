"""One letter's history: what it is, and every attempt that did not simply succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from quartapp.mail.delivery import Status
from quartapp.mail.outbox.query import get
from quartapp.mail.outbox.schema import attempts, letters
from quartapp.mail.views import Attempt, History

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["history"]

FACTS = select(
    letters.c.sender,
    letters.c.template,
    letters.c.size,
    letters.c.backend,
    letters.c.idempotency_key.label("key"),
    letters.c.expires_at,
    letters.c.is_pruned,
    letters.c.wants_cancel,
).where(letters.c.id == bindparam("id_"))

ATTEMPTS = (
    select(attempts.c.number, attempts.c.ended_at, attempts.c.status, attempts.c.detail)
    .where(attempts.c.letter_id == bindparam("id_"))
    .order_by(attempts.c.number)
)


async def history(connection: AsyncConnection, letter_id: str) -> History | None:
    """All that is known of a letter, None if there is no such letter."""
    delivery = await get(connection, letter_id)
    facts = (await connection.execute(FACTS, {"id_": letter_id})).one_or_none()
    if delivery is None or facts is None:
        return None
    tried = await connection.execute(ATTEMPTS, {"id_": letter_id})
    return History(
        delivery=delivery,
        attempts=tuple(
            Attempt(row.number, row.ended_at, Status(row.status), row.detail) for row in tried
        ),
        **facts._asdict(),
    )
