"""Find messages by what they have in common, and read them as snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from sqlalchemy import bindparam, case, select, true

from quartapp.mail.choices import Priority
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.delivery import Delivery
from quartapp.mail.outbox.ids import first_id
from quartapp.mail.outbox.recipients import RECIPIENT, read
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.subject import span
from quartapp.mail.outbox.tables import at_most, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Conditions", "Filter", "find", "get"]

SHOWN = (
    messages.c.id,
    messages.c.message_id,
    messages.c.status,
    messages.c.subject,
    messages.c.attempts,
    messages.c.due_at,
    messages.c.created_at,
    messages.c.sent_at,
    messages.c.detail,
    messages.c.recipient_count,
    messages.c.priority,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which messages: every condition that is given must hold.

    queue
        The outbox gives its own.
    recipient
        One of the message's recipients, exactly.
    subject
        How it begins, ignoring case.
    ids
        At most `MOST_IDS`: ask for more in turns.
    since, until
        Queued not before, and queued before; aware datetimes.
    before, after
        Only messages older than the one with this id, and only newer ones: give the last message of
        a page for the next page, the first for the previous.
    """

    MOST_IDS: ClassVar[int] = 500

    queue: str | None = None
    status: Status | None = None
    recipient: str | None = None
    subject: str | None = None
    template: str | None = None
    priority: Priority | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    ids: Sequence[str] | None = None
    before: str | None = None
    after: str | None = None

    def __post_init__(self) -> None:
        for name in ("recipient", "subject", "template", "key", "before", "after"):
            value = getattr(self, name)
            if not (value is None or isinstance(value, str)):
                raise MailError(f"{name}= is {type(value).__name__}: give text")
        for name in ("since", "until"):
            value = getattr(self, name)
            if not (value is None or (isinstance(value, datetime) and value.tzinfo)):
                raise MailError(f"{name}= is {value!r}: give an aware datetime")
        if self.ids is not None and len(self.ids) > self.MOST_IDS:
            raise MailError(f"ids= has {len(self.ids):,} ids: give {self.MOST_IDS} at most")

    def apply(self, query: Select[Any], of: Any = messages.c) -> Select[Any]:
        """Narrow a query over `messages`, or over a sub-query with these columns of theirs."""
        query = query.where(*self.bounds(of.id))
        if self.queue is not None:
            query = query.where(of.queue == self.queue)
        if self.status is not None:
            query = query.where(of.status == self.status)
        if self.template is not None:
            query = query.where(of.template == self.template)
        if self.priority is not None:
            query = query.where(of.priority == self.priority)
        if self.subject is not None:
            first, end = span(self.subject)
            query = query.where(of.subject_start >= first, of.subject_start < end)
        if self.key is not None:
            query = query.where(of.idempotency_key == self.key)
        if self.recipient is not None:
            theirs = select(recipients.c.delivery_id).where(recipients.c.address == self.recipient)
            query = query.where(of.id.in_(theirs))
        return query

    def bounds(self, ids: Any) -> Iterator[ColumnElement[bool]]:
        """The conditions about ids, which are in the order in which messages were queued."""
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


class Conditions(TypedDict, total=False):
    """What `Mail.find` takes: the conditions of a `Filter` that a program asks for."""

    status: Status | None
    recipient: str | None
    subject: str | None
    template: str | None
    since: datetime | None
    until: datetime | None
    key: str | None
    before: str | None


async def get(connection: AsyncConnection, queue: str, delivery_id: str) -> Delivery | None:
    """The message as it is now, None if there is none with this id in the queue."""
    rows = (await connection.execute(ONE, {"queue": queue, "id": delivery_id})).all()
    return _delivery(rows) if rows else None


async def find(
    connection: AsyncConnection,
    wanted: Filter,
    limit: int,
    *,
    listed: int | None = Delivery.LISTED,
) -> list[Delivery]:
    """The newest messages that match, each read in one moment with its recipients.

    listed
        How many recipients of each at most; None for all.
    """
    newest = wanted.apply(select(*SHOWN)).order_by(messages.c.id.desc()).limit(at_most(limit))
    rows = (await connection.execute(_with_recipients(newest, listed))).all()
    return [_delivery(list(group)) for _, group in groupby(rows, attrgetter("delivery_id"))]


def _with_recipients(wanted: Select[Any], listed: int | None) -> Select[Any]:
    """Messages with so many of their recipients, a row for each.

    A second statement could see what changed after the first. What is about the message is in the
    first row of it alone, however many recipients it has.
    """
    page = wanted.subquery("page")
    is_first = recipients.c.position == 0
    return (
        select(*(case((is_first, column)).label(column.name) for column in page.c), *RECIPIENT)
        .join(recipients, recipients.c.delivery_id == page.c.id)
        .where(true() if listed is None else recipients.c.position < at_most(listed))
        .order_by(page.c.id.desc(), recipients.c.position)
    )


# Asked for more often than anything else, and it takes longer to write than to answer.
ONE = _with_recipients(
    select(*SHOWN).where(messages.c.queue == bindparam("queue"), messages.c.id == bindparam("id")),
    listed=None,
)


def _delivery(rows: Sequence[Row[*tuple[Any, ...]]]) -> Delivery:
    row = rows[0]
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        status=Status(row.status),
        subject=row.subject,
        recipients=read(rows),
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        sent_at=row.sent_at,
        detail=row.detail,
        recipient_count=row.recipient_count,
        priority=Priority(row.priority),
    )
