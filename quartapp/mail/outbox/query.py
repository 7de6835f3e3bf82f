"""Ask about letters: snapshots, counts, and what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from quartapp.mail.delivery import Delivery, Status
from quartapp.mail.outbox.people import PERSON, person
from quartapp.mail.outbox.schema import at_most, first_id, is_any, letters, recipients
from quartapp.mail.outbox.subject import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Filter", "count", "find", "get", "has_work"]

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
    subject
        How it begins, in any case.
    since, until
        Kept not before, and kept before; aware datetimes.
    before, after
        The id of the last letter of the page before, to go on behind it, or of the first of the
        page behind, to go on in front of it.
    """

    status: Status | None = None
    recipient: str | None = None
    subject: str | None = None
    template: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    ids: Sequence[str] | None = None
    before: str | None = None
    after: str | None = None

    def apply(self, query: Select[Any], of: Any = letters.c) -> Select[Any]:
        """Narrow a query over `letters`, or over a sub-query with these columns of theirs."""
        query = query.where(*self.bounds(of.id))
        if self.status is not None:
            query = query.where(of.status == self.status)
        if self.template is not None:
            query = query.where(of.template == self.template)
        if self.subject is not None:
            first, end = span(self.subject)
            query = query.where(of.subject_start >= first, of.subject_start < end)
        if self.key is not None:
            query = query.where(of.idempotency_key == self.key)
        if self.recipient is not None:
            to_them = select(recipients.c.letter_id).where(recipients.c.address == self.recipient)
            query = query.where(of.id.in_(to_them))
        return query

    def bounds(self, ids: Any) -> Iterator[ColumnElement[bool]]:
        """The conditions that are about ids, which are in the order in which letters were kept."""
        if self.ids is not None:
            yield ids.in_(self.ids)
        if self.before is not None:
            yield ids < self.before
        if self.after is not None:
            yield ids > self.after
        if self.since is not None:
            yield ids >= first_id(self.since)
        if self.until is not None:
            yield ids < first_id(self.until)


async def get(connection: AsyncConnection, letter_id: str) -> Delivery | None:
    """The letter as it stands, None if there is no such letter."""
    found = await find(connection, Filter(ids=[letter_id]), limit=1)
    return found[0] if found else None


async def find(connection: AsyncConnection, wanted: Filter, limit: int) -> list[Delivery]:
    """The newest letters that match, each of one moment with its recipients."""
    newest = wanted.apply(select(*SHOWN)).order_by(letters.c.id.desc()).limit(at_most(limit))
    page = newest.subquery("page")
    # One row for each recipient: two statements could disagree about what happened between them.
    query = (
        select(page, *PERSON)
        .join(recipients, recipients.c.letter_id == page.c.id)
        .order_by(page.c.id.desc(), recipients.c.position)
    )
    rows = (await connection.execute(query)).all()
    return [_delivery(list(group)) for _, group in groupby(rows, attrgetter("id"))]


async def count(connection: AsyncConnection) -> dict[Status, int]:
    """How many letters are in each state."""
    query = select(letters.c.status, func.count().label("number")).group_by(letters.c.status)
    counted = {row.status: row.number for row in await connection.execute(query)}
    return {status: counted.get(status, 0) for status in Status}


async def has_work(connection: AsyncConnection, backend: str, now: datetime) -> bool:
    """Whether a letter of this backend is due or being sent."""
    ours = letters.c.backend == backend
    work = select(
        or_(
            is_any(letters.c.due_at, ours, letters.c.is_retry.is_(False), letters.c.due_at <= now),
            is_any(letters.c.due_at, ours, letters.c.is_retry.is_(True), letters.c.due_at <= now),
            is_any(letters.c.lease_until, ours, letters.c.lease_until.is_not(None)),
        )
    )
    return bool((await connection.execute(work)).scalar_one())


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
