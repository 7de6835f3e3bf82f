"""The recipients of messages, as rows and as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from quartapp.mail.outbox.delivery import Recipient
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import recipients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["RECIPIENT", "recipient", "recipients_of"]

RECIPIENT = (
    recipients.c.delivery_id,
    recipients.c.address,
    recipients.c.status.label("recipient_status"),
    recipients.c.code,
    recipients.c.reply,
    recipients.c.due_at.label("recipient_due_at"),
)
"""The columns that `recipient` reads, under names that a message's columns do not have."""

RECIPIENTS_OF = (
    select(*RECIPIENT)
    .where(recipients.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(recipients.c.delivery_id, recipients.c.position)
)


async def recipients_of(
    connection: AsyncConnection, ids: Sequence[str]
) -> dict[str, tuple[Recipient, ...]]:
    """The recipients of each of these messages, in their order."""
    found: dict[str, list[Recipient]] = {delivery_id: [] for delivery_id in ids}
    for row in await connection.execute(RECIPIENTS_OF, {"ids": ids}):
        found[row.delivery_id].append(recipient(row))
    return {delivery_id: tuple(each) for delivery_id, each in found.items()}


def recipient(row: Row[*tuple[Any, ...]]) -> Recipient:
    """One recipient of a row with the columns of `RECIPIENT`."""
    return Recipient(
        row.address, Status(row.recipient_status), row.code, row.reply, row.recipient_due_at
    )
