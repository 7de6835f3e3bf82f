"""Messages that meet one condition, listed by an index, in the order in which they were queued."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, select, tuple_

from quartapp.mail.outbox.ids import first_id
from quartapp.mail.outbox.query.find import Filter
from quartapp.mail.outbox.tables import HAS_TEMPLATE, messages, recipients

if TYPE_CHECKING:
    from sqlalchemy import Select

__all__ = ["LEADS", "listed"]

LEADS = ("ids", "key", "recipient", "status", "template", "subject")
"""The conditions that have an index, those first that usually pick fewest."""

ORDERED = {
    "recipient": (recipients.c.address, recipients.c.delivery_id),
    "status": (messages.c.status, messages.c.id),
    "template": (messages.c.template, messages.c.id),
}
"""The columns of an index; those about messages begin with their queue."""

BEGINNING, END = "", "zzzz"
"""Below and above every id, in any collation."""


def listed(field: str | None, wanted: Filter, *, upwards: bool = False) -> Select[Any]:
    """The ids of messages that meet one of the conditions, and those about ids; newest first.

    field
        The condition, None for all messages. By subject they come in the order of subjects.
    upwards
        The oldest first.
    """
    if field in ORDERED:
        return _from_index(field, wanted, upwards=upwards)
    alone = replace(Filter(queue=wanted.queue), **{field: getattr(wanted, field)} if field else {})
    query = alone.apply(select(messages.c.id)).where(*wanted.bounds(messages.c.id))
    if field == "subject":
        return query.order_by(messages.c.subject_start)
    return query.order_by(_directed(messages.c.id, upwards))


def _from_index(field: str, wanted: Filter, *, upwards: bool) -> Select[Any]:
    # As a range of pairs, and not as an equality: for a value that it does not know PostgreSQL
    # would rather walk along the ids, expecting to meet one soon.
    column, ids = ORDERED[field]
    value = literal(getattr(wanted, field), column.type)
    low, high = _ends(wanted)
    queue = () if field == "recipient" else (literal(wanted.queue, messages.c.queue.type),)
    first = () if field == "recipient" else (messages.c.queue,)
    pair = tuple_(*first, column, ids)
    query = select(ids.label("id")).where(
        pair > tuple_(*queue, value, literal(low, ids.type)),
        pair < tuple_(*queue, value, literal(high, ids.type)),
    )
    if field == "template":
        # Said too, because no database concludes it from the pairs, and the index has no others.
        query = query.where(HAS_TEMPLATE)
    return query.order_by(*(_directed(each, upwards) for each in (*first, column, ids)))


def _ends(wanted: Filter) -> tuple[str, str]:
    """The ids that those wanted lie between."""
    lows = [wanted.after, first_id(wanted.since) if wanted.since else None]
    highs = [wanted.before, first_id(wanted.until) if wanted.until else None]
    return (
        max((low for low in lows if low), default=BEGINNING),
        min((high for high in highs if high), default=END),
    )


def _directed(column: Any, upwards: bool) -> Any:
    return column.asc() if upwards else column.desc()
