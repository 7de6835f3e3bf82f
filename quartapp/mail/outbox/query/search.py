"""Search messages page by page: fast however many there are, because it never reads many.

One condition leads: its index lists the messages that meet it, and the other conditions pick from
that list. The condition that fewest messages meet is the one to lead. Where many messages meet each
of them, a page reads a limited number and says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select

from quartapp.mail.outbox.query.find import Filter, find
from quartapp.mail.outbox.query.listing import LEADS, listed
from quartapp.mail.outbox.query.views import Page
from quartapp.mail.outbox.tables import at_most, messages, recipients

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["FIRST", "Place", "page", "pick"]

READ_AT_MOST = 1_000
"""The most messages that one page reads."""

READ_FIRST = 200
"""Messages that it reads first: enough where many of them match, and faster."""


ASKED = {
    "queue": messages.c.queue,
    "status": messages.c.status,
    "template": messages.c.template,
    "priority": messages.c.priority,
    "subject": messages.c.subject_start,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: after a message, before one, at the end, or else at the beginning."""

    before: str | None = None
    after: str | None = None
    is_last: bool = False

    @property
    def goes_back(self) -> bool:
        """Whether the page is read from its oldest message to its newest."""
        return self.is_last or self.after is not None


FIRST = Place()


@dataclass(frozen=True, slots=True)
class Lead:
    """The condition that leads; None where there is none that could.

    is_short
        Whether it lists so few messages that one page can read all of them.
    """

    field: str | None = None
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Picked:
    """The ids of one page, in the direction in which it is read.

    onward
        The id to go on from, None at the end of all.
    looked_to
        When the search stopped early: when the last message that it read was queued.
    """

    ids: tuple[str, ...]
    onward: str | None
    looked_to: datetime | None


async def page(connection: AsyncConnection, wanted: Filter, place: Place, size: int) -> Page:
    """One page of the messages that match, the newest first."""
    picked = await pick(connection, wanted, place, size)
    newer, older = _neighbours(picked, place)
    found = await find(connection, Filter(ids=picked.ids), size) if picked.ids else []
    return Page(tuple(found), newer, older, picked.looked_to)


async def pick(connection: AsyncConnection, wanted: Filter, place: Place, size: int) -> Picked:
    """The ids of one page."""
    lead = await _lead(connection, wanted)
    here = replace(wanted, before=place.before, after=place.after)
    ids = await _ids(connection, lead, here, place, size + 1)
    if len(ids) > size:
        return Picked(ids[:size], ids[size - 1], None)
    if lead.is_short or _rest(lead, here) == Filter():
        return Picked(ids, None, None)
    end = (await connection.execute(_end(lead, here, place))).one_or_none()
    return Picked(ids, end.id, end.created_at) if end else Picked(ids, None, None)


async def _ids(
    connection: AsyncConnection, lead: Lead, here: Filter, place: Place, limit: int
) -> tuple[str, ...]:
    """The ids of one page, in the direction in which it is read, and of one more message."""
    ids: tuple[str, ...] = ()
    has_rest = _rest(lead, here) != Filter()
    for many in (READ_FIRST, READ_AT_MOST) if has_rest and not lead.is_short else (READ_AT_MOST,):
        query = _picking(lead, here, place, limit, many)
        ids = tuple((await connection.execute(query)).scalars())
        if len(ids) == limit:
            break
    return ids


def _neighbours(picked: Picked, place: Place) -> tuple[str | None, str | None]:
    """The ids from which the newer and the older page go on."""
    back = picked.ids[0] if picked.ids else place.before or place.after
    if place.goes_back:
        return picked.onward, None if place.is_last else back
    return back if place.before else None, picked.onward


async def _lead(connection: AsyncConnection, wanted: Filter) -> Lead:
    """Which condition leads: the only one, or the one that fewest messages meet."""
    given = [field for field in LEADS if getattr(wanted, field) is not None]
    if len(given) < 2 and wanted.subject is None:
        return Lead(given[0] if given else None)
    counts = select(*(_count(field, wanted).label(field) for field in given))
    counted = (await connection.execute(counts)).one()
    fewest = min(given, key=lambda field: int(getattr(counted, field)))
    if getattr(counted, fewest) <= READ_AT_MOST:
        return Lead(fewest, is_short=True)
    # The index of subjects is in their order, and not in that of the messages.
    return Lead(next((field for field in given if field != "subject"), None))


def _count(field: str, wanted: Filter) -> ScalarSelect[int]:
    """How many messages meet a condition, or one more than a page reads."""
    some = listed(field, wanted).limit(at_most(READ_AT_MOST + 1)).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _picking(lead: Lead, here: Filter, place: Place, limit: int, many: int) -> Select[Any]:
    """The first ids of a page, having read so many messages."""
    ids, rest = listed(lead.field, here, upwards=place.goes_back), _rest(lead, here)
    if rest == Filter() and lead.field != "subject":
        return ids.limit(at_most(limit))
    read = _rows(ids, rest, many).subquery("read")
    order = read.c.id.asc() if place.goes_back else read.c.id.desc()
    return _narrowed(select(read.c.id), rest, read.c).order_by(order).limit(at_most(limit))


def _rows(ids: Select[Any], rest: Filter, many: int) -> Select[Any]:
    """Those messages with the columns of the other conditions, read one by one.

    With a join, a database would rather read all messages that meet one of the conditions.
    """
    some = ids.limit(at_most(many)).subquery("some")
    asked = [column for field, column in ASKED.items() if getattr(rest, field) is not None]
    message = (select(column).where(messages.c.id == some.c.id) for column in asked)
    columns = zip(message, asked, strict=True)
    return select(some.c.id, *(one.scalar_subquery().label(each.name) for one, each in columns))


def _narrowed(query: Select[Any], rest: Filter, read: Any) -> Select[Any]:
    if rest.recipient is not None:
        theirs = exists().where(recipients.c.delivery_id == read.id)
        query = query.where(theirs.where(recipients.c.address == rest.recipient))
    return replace(rest, recipient=None).apply(query, read)


def _end(lead: Lead, here: Filter, place: Place) -> Select[Any]:
    """The last message that the page read; none where it could read all."""
    ids = listed(lead.field, here, upwards=place.goes_back)
    last = ids.offset(at_most(READ_AT_MOST - 1)).limit(at_most(1)).scalar_subquery()
    return select(messages.c.id, messages.c.created_at).where(messages.c.id == last)


def _rest(lead: Lead, here: Filter) -> Filter:
    """The conditions that the lead's list does not meet by itself."""
    rest = replace(here, before=None, after=None, since=None, until=None)
    if lead.field == "recipient":
        return replace(rest, recipient=None)
    # The other indexes begin with the queue.
    return replace(rest, queue=None, **{lead.field: None} if lead.field else {})
