"""Ask about letters: snapshots, counts, and what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from quartapp.mail.delivery import Delivery, Recipient, Status
from quartapp.mail.outbox.schema import letters, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    Executor = AsyncConnection | AsyncSession

__all__ = ["Filter", "count", "find", "get", "has_work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which letters: every condition that is given must hold.

    recipient
        One of the letter's recipients, exactly.
    before
        The id of the last letter of the page before, to go on behind it.
    """

    status: Status | None = None
    recipient: str | None = None
    key: str | None = None
    ids: Sequence[str] | None = None
    before: str | None = None

    def apply(self, query: Select[Any]) -> Select[Any]:
        """Narrow a query over `letters`."""
        if self.status is not None:
            query = query.where(letters.c.status == self.status)
        if self.key is not None:
            query = query.where(letters.c.idempotency_key == self.key)
        if self.ids is not None:
            query = query.where(letters.c.id.in_(self.ids))
        if self.before is not None:
            query = query.where(letters.c.id < self.before)
        if self.recipient is not None:
            to_them = select(recipients.c.letter_id).where(recipients.c.address == self.recipient)
            query = query.where(letters.c.id.in_(to_them))
        return query


async def get(connection: Executor, letter_id: str) -> Delivery | None:
    """The letter as it stands, None if there is no such letter."""
    found = await find(connection, Filter(ids=[letter_id]), limit=1)
    return found[0] if found else None


async def find(connection: Executor, wanted: Filter, limit: int) -> list[Delivery]:
    """The newest letters that match."""
    query = wanted.apply(select(letters)).order_by(letters.c.id.desc()).limit(limit)
    rows = (await connection.execute(query)).all()
    people: dict[str, list[Recipient]] = {row.id: [] for row in rows}
    query = (
        select(recipients)
        .where(recipients.c.letter_id.in_(people))
        .order_by(recipients.c.letter_id, recipients.c.position)
    )
    for row in await connection.execute(query):
        person = Recipient(row.address, Status(row.status), row.code, row.reply, row.due_at)
        people[row.letter_id].append(person)
    return [_delivery(row, tuple(people[row.id])) for row in rows]


async def count(connection: Executor) -> dict[Status, int]:
    """How many letters are in each state."""
    query = select(letters.c.status, func.count()).group_by(letters.c.status)
    counted = {status: number for status, number in await connection.execute(query)}
    return {status: counted.get(status, 0) for status in Status}


async def has_work(connection: Executor, backend: str, now: datetime) -> bool:
    """Whether a letter of this backend is due or being sent."""
    query = select(
        exists().where(
            letters.c.backend == backend,
            or_(letters.c.due_at <= now, letters.c.lease_until.is_not(None)),
        )
    )
    return bool((await connection.execute(query)).scalar_one())


def _delivery(row: Row[Any], people: tuple[Recipient, ...]) -> Delivery:
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        status=Status(row.status),
        subject=row.subject,
        recipients=people,
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        sent_at=row.sent_at,
        detail=row.detail,
    )
