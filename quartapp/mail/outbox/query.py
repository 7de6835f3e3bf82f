"""Ask about letters: snapshots, counts, and what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from quartapp.mail.delivery import Delivery, Status
from quartapp.mail.outbox.people import PERSON, person
from quartapp.mail.outbox.schema import letters, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Filter", "count", "find", "finding", "get", "has_work", "working"]

SHOWN = (
    letters.c.id,
    letters.c.message_id,
    letters.c.status,
    letters.c.subject,
    letters.c.attempts,
    letters.c.due_at,
    letters.c.created_at,
    letters.c.sent_at,
    letters.c.detail,
)


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


async def get(connection: AsyncConnection, letter_id: str) -> Delivery | None:
    """The letter as it stands, None if there is no such letter."""
    found = await find(connection, Filter(ids=[letter_id]), limit=1)
    return found[0] if found else None


async def find(connection: AsyncConnection, wanted: Filter, limit: int) -> list[Delivery]:
    """The newest letters that match, each of one moment with its recipients."""
    rows = (await connection.execute(finding(wanted, limit))).all()
    return [_delivery(list(group)) for _, group in groupby(rows, attrgetter("id"))]


def finding(wanted: Filter, limit: int) -> Select[Any]:
    """The statement of `find`: one row for each recipient, because two could disagree."""
    newest = wanted.apply(select(*SHOWN)).order_by(letters.c.id.desc()).limit(limit)
    page = newest.subquery("page")
    return (
        select(page, *PERSON)
        .join(recipients, recipients.c.letter_id == page.c.id)
        .order_by(page.c.id.desc(), recipients.c.position)
    )


async def count(connection: AsyncConnection) -> dict[Status, int]:
    """How many letters are in each state."""
    query = select(letters.c.status, func.count()).group_by(letters.c.status)
    counted: dict[str, int] = dict((await connection.execute(query)).tuples())
    return {status: counted.get(status, 0) for status in Status}


async def has_work(connection: AsyncConnection, backend: str, now: datetime) -> bool:
    """Whether a letter of this backend is due or being sent."""
    return bool((await connection.execute(working(backend, now))).scalar_one())


def working(backend: str, now: datetime) -> Select[Any]:
    """The statement of `has_work`."""
    conditions = (
        (letters.c.is_retry.is_(False), letters.c.due_at <= now),
        (letters.c.is_retry.is_(True), letters.c.due_at <= now),
        (letters.c.lease_until.is_not(None),),
    )
    # One question for each index: a single OR would be answered by reading every letter.
    return select(or_(*(exists().where(letters.c.backend == backend, *c) for c in conditions)))


def _delivery(rows: Sequence[Row[Any]]) -> Delivery:
    row = rows[0]
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        status=Status(row.status),
        subject=row.subject,
        recipients=tuple(person(each) for each in rows),
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        sent_at=row.sent_at,
        detail=row.detail,
    )
