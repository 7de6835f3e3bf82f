"""One message's history: its details, and every attempt that did not simply succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from quartapp.mail.outbox.query.find import Filter, find
from quartapp.mail.outbox.query.views import Attempt, History, RecipientPage
from quartapp.mail.outbox.recipients import counts_of, some_of
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import attempts, messages

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["history"]

DETAILS = select(
    messages.c.sender,
    messages.c.template,
    messages.c.size,
    messages.c.backend,
    messages.c.idempotency_key.label("key"),
    messages.c.expires_at,
    messages.c.wants_cancel,
).where(messages.c.id == bindparam("id_"))

ATTEMPTS = (
    select(attempts.c.number, attempts.c.ended_at, attempts.c.status, attempts.c.detail)
    .where(attempts.c.delivery_id == bindparam("id_"))
    .order_by(attempts.c.number)
)


async def history(
    connection: AsyncConnection,
    queue: str,
    delivery_id: str,
    status: Status | None,
    first: int,
    size: int,
) -> History | None:
    """All that is stored about a message but its content, None if there is none in this queue.

    status, first, size
        Which of its recipients: those in a state or all, after so many, and so many at most.
    """
    found = await find(connection, Filter(queue=queue, ids=[delivery_id]), limit=1)
    details = (await connection.execute(DETAILS, {"id_": delivery_id})).one_or_none()
    if not found or details is None:
        return None
    rows = await connection.execute(ATTEMPTS, {"id_": delivery_id})
    return History(
        delivery=found[0],
        recipients=RecipientPage(
            recipients=await some_of(connection, delivery_id, status, first, size),
            status=status,
            first=first,
            size=size,
            counts=await counts_of(connection, delivery_id),
        ),
        attempts=tuple(
            Attempt(row.number, row.ended_at, Status(row.status), row.detail) for row in rows
        ),
        **details._asdict(),
    )
