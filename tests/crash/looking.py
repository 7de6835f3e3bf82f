"""Looking at what the outbox says, from outside of the processes that deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from quartapp.mail import metadata
from tests.crash.waiting import until

if TYPE_CHECKING:
    from quartapp.mail import Delivery, Mail

__all__ = ["dump", "ended"]


async def ended(mail: Mail, delivery: Delivery) -> Delivery:
    """Wait for a message's final state."""

    async def final() -> Delivery | None:
        seen = await mail.get(delivery.id)
        return seen if seen and seen.is_final else None

    return await until(final, lambda: f"message {delivery.id} ended")


async def dump(mail: Mail) -> dict[str, list[Any]]:
    """Every row about messages."""
    async with mail.outbox.database.reading() as connection:
        return {
            table.name: list(await connection.execute(select(table).order_by(*table.primary_key)))
            for table in metadata.sorted_tables
            # It says when a worker was last seen, of no message.
            if table.name != "mail_workers"
        }
