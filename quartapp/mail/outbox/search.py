"""Search letters page by page: fast however many there are, for it never looks at many.

One condition leads: its index lists the letters that meet it, and the other conditions pick from
that list. The condition that fewest letters meet is the one to lead. Where many letters meet each
of them, a page looks at so many and says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from quartapp.mail.outbox.query import Filter, find
from quartapp.mail.outbox.schema import at_most, letters, recipients
from quartapp.mail.views import Page

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["FIRST", "Place", "page", "pick"]

LOOKED_AT = 5_000
"""The most letters that one page looks at."""

LEADS = ("key", "recipient", "status", "template", "subject")
"""The conditions that have an index, those first that usually pick fewest."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: behind a letter, in front of one, at the end, or else at the beginning."""

    before: str | None = None
    after: str | None = None
    is_last: bool = False

    @property
    def goes_back(self) -> bool:
        """Whether the page is read from its oldest letter to its newest."""
        return self.is_last or self.after is not None


FIRST = Place()


@dataclass(frozen=True, slots=True)
class Lead:
    """The condition that leads; None where there is none that could.

    is_short
        Whether it lists so few letters that one page can look at all of them.
    """

    field: str | None = None
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Picked:
    """The ids of one page, in the direction in which it is read.

    onward
        The id to go on from, None at the end of all.
    looked_to
        When the search stopped early: when the last letter that it looked at was kept.
    """

    ids: tuple[str, ...]
    onward: str | None
    looked_to: datetime | None


async def page(connection: AsyncConnection, wanted: Filter, place: Place, size: int) -> Page:
    """One page of the letters that match, the newest first."""
    picked = await pick(connection, wanted, place, size)
    newer, older = _neighbours(picked, place)
    found = await find(connection, Filter(ids=picked.ids), size) if picked.ids else []
    return Page(tuple(found), newer, older, picked.looked_to)


async def pick(connection: AsyncConnection, wanted: Filter, place: Place, size: int) -> Picked:
    """The ids of one page."""
    lead = await _lead(connection, wanted)
    here = replace(wanted, before=place.before, after=place.after)
    ids = tuple((await connection.execute(_picking(lead, here, place, size + 1))).scalars())
    if len(ids) > size:
        return Picked(ids[:size], ids[size - 1], None)
    if lead.is_short or _rest(lead, here) == Filter():
        return Picked(ids, None, None)
    end = (await connection.execute(_end(lead, here, place))).one_or_none()
    return Picked(ids, end.id, end.created_at) if end else Picked(ids, None, None)


def _neighbours(picked: Picked, place: Place) -> tuple[str | None, str | None]:
    """The ids from which the newer and the older page go on."""
    back = picked.ids[0] if picked.ids else place.before or place.after
    if place.goes_back:
        return picked.onward, None if place.is_last else back
    return back if place.before else None, picked.onward


async def _lead(connection: AsyncConnection, wanted: Filter) -> Lead:
    """Which condition leads: the only one, or the one that fewest letters meet."""
    given = [field for field in LEADS if getattr(wanted, field) is not None]
    if len(given) < 2 and wanted.subject is None:
        return Lead(given[0] if given else None)
    counts = select(*(_count(field, wanted).label(field) for field in given))
    counted = (await connection.execute(counts)).one()
    fewest = min(given, key=lambda field: int(getattr(counted, field)))
    if getattr(counted, fewest) <= LOOKED_AT:
        return Lead(fewest, is_short=True)
    # The index of subjects is in their order, and not in that of the letters.
    return Lead(next((field for field in given if field != "subject"), None))


def _count(field: str, wanted: Filter) -> ScalarSelect[int]:
    """How many letters meet a condition; no more are counted than it takes to know enough."""
    listed = _listed(Lead(field), wanted, FIRST).limit(at_most(LOOKED_AT + 1))
    return select(func.count()).select_from(listed.subquery()).scalar_subquery()


def _picking(lead: Lead, here: Filter, place: Place, limit: int) -> Select[Any]:
    """The ids of one page, in the direction in which it is read."""
    listed, rest = _listed(lead, here, place), _rest(lead, here)
    if rest == Filter() and lead.field != "subject":
        return listed.limit(at_most(limit))
    looked = _with_columns(listed.limit(at_most(LOOKED_AT))).subquery("looked")
    picked = rest.apply(select(looked.c.id), looked.c)
    return picked.order_by(_ordered(looked.c.id, place)).limit(at_most(limit))


def _end(lead: Lead, here: Filter, place: Place) -> Select[Any]:
    """The last letter that the page looked at; none where it could look at all."""
    last = _listed(lead, here, place).offset(at_most(LOOKED_AT - 1)).limit(at_most(1))
    return select(letters.c.id, letters.c.created_at).where(letters.c.id == last.scalar_subquery())


def _rest(lead: Lead, here: Filter) -> Filter:
    """The conditions that the lead's list does not meet by itself."""
    rest = replace(here, ids=None, before=None, after=None, since=None, until=None)
    return replace(rest, **{lead.field: None}) if lead.field else rest


def _listed(lead: Lead, here: Filter, place: Place) -> Select[Any]:
    """The ids that the lead's index lists, in the direction in which the page is read."""
    if lead.field == "recipient":
        ids = recipients.c.letter_id
        query = select(ids.label("id")).where(recipients.c.address == here.recipient)
        return query.where(*here.bounds(ids)).order_by(_ordered(ids, place))
    query = select(letters.c.id).where(*here.bounds(letters.c.id))
    if lead.field == "subject":
        return Filter(subject=here.subject).apply(query).order_by(letters.c.subject_start)
    if lead.field is not None:
        query = Filter(**{lead.field: getattr(here, lead.field)}).apply(query)
    return query.order_by(_ordered(letters.c.id, place))


def _with_columns(listed: Select[Any]) -> Select[Any]:
    """The same letters with what the other conditions ask about."""
    asked = (letters.c.status, letters.c.template, letters.c.subject_start)
    if letters in listed.get_final_froms():
        return listed.add_columns(*asked)
    ids = listed.subquery("ids")
    return select(letters.c.id, *asked).join(ids, ids.c.id == letters.c.id)


def _ordered(ids: Any, place: Place) -> Any:
    return ids.asc() if place.goes_back else ids.desc()
