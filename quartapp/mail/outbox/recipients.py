"""The recipients of messages, as rows and as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from quartapp.mail.outbox.delivery import Recipient, Status
from quartapp.mail.outbox.tables import recipients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["PERSON", "people_of", "person"]

PERSON = (
    recipients.c.delivery_id,
    recipients.c.address,
    recipients.c.status.label("person_status"),
    recipients.c.code,
    recipients.c.reply,
    recipients.c.due_at.label("person_due_at"),
)
"""The columns that `person` reads, under names that a message's columns do not have."""

PEOPLE_OF = (
    select(*PERSON)
    .where(recipients.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(recipients.c.delivery_id, recipients.c.position)
)


async def people_of(
    connection: AsyncConnection, ids: Sequence[str]
) -> dict[str, tuple[Recipient, ...]]:
    """The recipients of each of these messages, in their order."""
    people: dict[str, list[Recipient]] = {delivery_id: [] for delivery_id in ids}
    for row in await connection.execute(PEOPLE_OF, {"ids": ids}):
        people[row.delivery_id].append(person(row))
    return {delivery_id: tuple(found) for delivery_id, found in people.items()}


def person(row: Row[*tuple[Any, ...]]) -> Recipient:
    """One recipient of a row with the columns of `PERSON`."""
    return Recipient(row.address, Status(row.person_status), row.code, row.reply, row.person_due_at)
