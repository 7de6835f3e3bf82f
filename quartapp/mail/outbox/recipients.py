"""The recipients of messages, as rows and as values."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, select

from quartapp.mail.outbox.delivery import Recipient
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = [
    "RECIPIENT",
    "RECIPIENTS",
    "changes",
    "counts_of",
    "in_groups",
    "read",
    "recipients_of",
    "some_of",
]

MESSAGES, RECIPIENTS = 500, 10_000
"""Messages that are read and changed together, and their recipients; at least one message."""

RECIPIENT = (
    recipients.c.delivery_id,
    recipients.c.address,
    recipients.c.status.label("recipient_status"),
    recipients.c.code,
    recipients.c.reply,
    recipients.c.reply_of,
    recipients.c.due_at.label("recipient_due_at"),
)
"""The columns that `read` takes, under names that a message's columns do not have."""

RECIPIENTS_OF = (
    select(*RECIPIENT)
    .where(recipients.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(recipients.c.delivery_id, recipients.c.position)
)

STATUS = {str(status): status for status in Status}


async def recipients_of(
    connection: AsyncConnection, ids: Sequence[str]
) -> dict[str, tuple[Recipient, ...]]:
    """The recipients of each of these messages, in their order."""
    rows = await connection.execute(RECIPIENTS_OF, {"ids": ids})
    groups = groupby(rows, attrgetter("delivery_id"))
    return dict.fromkeys(ids, ()) | {delivery_id: read(group) for delivery_id, group in groups}


def read(rows: Iterable[Row[*tuple[Any, ...]]]) -> tuple[Recipient, ...]:
    """The recipients of one message, from its first one on, of rows with these columns."""
    found: list[Recipient] = []
    for row in rows:
        reply = row.reply if row.reply_of is None else found[row.reply_of].reply
        found.append(_recipient(row, reply))
    return tuple(found)


class Stored(NamedTuple):
    """What changes of a recipient, as its row has it."""

    status: Status
    code: int | None
    reply: str
    reply_of: int | None
    due_at: datetime | None


def changes(
    before: Sequence[Recipient], after: Sequence[Recipient]
) -> Iterator[tuple[int, Stored]]:
    """The positions of a message's recipients whose rows change, and what the rows have then."""
    was: dict[str, int] = {}
    now: dict[str, int] = {}
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        # Of thousands most stay as they are.
        if old is new and _first(old, position, was) == _first(new, position, now):
            continue
        stored = _stored(new, position, now)
        if stored != _stored(old, position, was):
            yield position, stored


def _stored(recipient: Recipient, position: int, firsts: dict[str, int]) -> Stored:
    first = _first(recipient, position, firsts)
    is_first = first == position
    return Stored(
        recipient.status,
        recipient.code,
        recipient.reply if is_first else "",
        None if is_first else first,
        recipient.due_at,
    )


def _first(recipient: Recipient, position: int, firsts: dict[str, int]) -> int:
    """The position of the first recipient with the same reply, which has it for all of them."""
    return firsts.setdefault(recipient.reply, position) if recipient.reply else position


def in_groups(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[list[str]]:
    """The ids of messages, as many together as may be in memory with all their recipients.

    rows
        With `id` and `recipient_count`.
    """
    group: list[str] = []
    number = 0
    for row in rows:
        if group and (len(group) >= MESSAGES or number + row.recipient_count > RECIPIENTS):
            yield group
            group, number = [], 0
        group.append(row.id)
        number += row.recipient_count
    if group:
        yield group


async def some_of(
    connection: AsyncConnection, delivery_id: str, status: Status | None, first: int, size: int
) -> tuple[Recipient, ...]:
    """At most `size` recipients of a message after the first `first`, all or those in a state."""
    told = recipients.alias("told")
    same = (told.c.delivery_id == recipients.c.delivery_id) & (
        told.c.position == recipients.c.reply_of
    )
    query = (
        select(*RECIPIENT, func.coalesce(told.c.reply, recipients.c.reply).label("whole"))
        .join_from(recipients, told, same, isouter=True)
        .where(recipients.c.delivery_id == delivery_id)
        .order_by(recipients.c.position)
        .offset(first)
        .limit(size)
    )
    if status is not None:
        query = query.where(recipients.c.status == status)
    return tuple(_recipient(row, row.whole) for row in await connection.execute(query))


async def counts_of(connection: AsyncConnection, delivery_id: str) -> dict[Status, int]:
    """How many of a message's recipients are in each state that any is in, in table order."""
    query = (
        select(recipients.c.status, func.count().label("number"))
        .where(recipients.c.delivery_id == delivery_id)
        .group_by(recipients.c.status)
    )
    found = {row.status: row.number for row in await connection.execute(query)}
    return {status: found[status] for status in Status if status in found}


def _recipient(row: Row[*tuple[Any, ...]], reply: str) -> Recipient:
    return Recipient(
        row.address, STATUS[row.recipient_status], row.code, reply, row.recipient_due_at
    )
