"""Lanes: messages that are claimed for one reason, each read from an index in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    Integer,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from quartapp.mail.choices import Priority
from quartapp.mail.outbox.recipients import RECIPIENTS
from quartapp.mail.outbox.shares import PRECEDENCE, SHARES, turn
from quartapp.mail.outbox.tables import at_most, is_any, messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import CTE, BindParameter, Column, ColumnElement, Label, Select, Subquery

    from quartapp.mail.outbox.shares import Rotation

__all__ = ["EXPIRED", "FRESH", "LAPSED", "LIMIT", "OURS", "RETRIES", "Group", "Lane", "in_turns"]

NOW: Any = bindparam("now_")
OURS = and_(messages.c.queue == bindparam("queue_"), messages.c.backend == bindparam("backend_"))
LIMIT = bindparam("limit_", type_=Integer, literal_execute=True)
OTHERS = bindparam("others_", type_=Integer, literal_execute=True)


class Lane(NamedTuple):
    """Messages that are claimed for one reason, in the order in which they are claimed."""

    name: str
    order: Column[Any]
    conditions: tuple[ColumnElement[bool], ...]

    @property
    def is_any(self) -> ColumnElement[bool]:
        """Whether there are any."""
        return is_any(self.order, OURS, *self.conditions)

    def taken(self, limit: BindParameter[int], *conditions: ColumnElement[bool]) -> Select[Any]:
        """The ids of those to be claimed, which meet some more conditions, too."""
        picked = self.first(limit, *conditions)
        window: Any = {"order_by": (picked.c.turn, picked.c.id), "rows": (None, 0)}
        return _few(select(picked.c.id, _before(picked.c.recipient_count, window)).subquery())

    def first(self, limit: BindParameter[int], *conditions: ColumnElement[bool]) -> CTE:
        """Those that come first: id, turn and recipient_count."""
        columns = messages.c.id, self.order.label("turn"), messages.c.recipient_count
        query = select(*columns).where(OURS, *self.conditions, *conditions)
        query = query.order_by(self.order).limit(limit).with_for_update(skip_locked=True)
        # A CTE, because PostgreSQL may run a limited sub-query in UPDATE more than once.
        return query.cte(self.name)


class Group(NamedTuple):
    """A lane for each priority, which take turns; at most `limit` messages of all of them."""

    name: str
    lanes: Mapping[Priority, Lane]
    limit: BindParameter[int]

    @property
    def is_any(self) -> ColumnElement[bool]:
        """Whether there are any messages in it."""
        return or_(*(lane.is_any for lane in self.lanes.values()))

    def parameters(self, rotation: Rotation) -> Mapping[str, int]:
        """What `in_turns` is executed with: whose turn is next."""
        had = rotation.had(self.name)
        return {self._had(priority): had[priority] for priority in self.lanes}

    def first(self, *conditions: ColumnElement[bool]) -> Iterator[Select[Any]]:
        """The first messages of each lane, with what their turns follow from.

        As many as if there were no others in the group: there may be none.
        """
        for priority, lane in self.lanes.items():
            first = lane.first(self.limit, *conditions)
            yield select(
                *first.c,
                literal_column(f"'{self.name}'").label("group_"),
                literal_column(str(PRECEDENCE[priority])).label("precedence"),
                literal_column(str(SHARES[priority]), Integer).label("share"),
                bindparam(self._had(priority), type_=Integer).label("had"),
                self.limit.label("most"),
            )

    def _had(self, priority: Priority) -> str:
        return f"{self.name}_{priority}_"


def in_turns(*groups: Group, conditions: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    """The ids of messages to be claimed, which meet these conditions, too."""
    first = union_all(*(lane for group in groups for lane in group.first(*conditions))).subquery()
    lane, order = (first.c.group_, first.c.precedence), (first.c.turn, first.c.id)
    nth = func.row_number(type_=Integer).over(partition_by=lane, order_by=order)
    columns = first.c.id, first.c.recipient_count, first.c.group_, first.c.precedence, first.c.most
    turns = select(*columns, turn(first.c.share, first.c.had + nth).label("turn")).subquery()
    window: Any = {
        "partition_by": turns.c.group_,
        "order_by": (turns.c.turn, turns.c.precedence),
        "rows": (None, 0),
    }
    number = func.count().over(**window).label("number")
    rows = select(turns.c.id, turns.c.most, number, _before(turns.c.recipient_count, window))
    summed = rows.subquery()
    return _few(summed).where(summed.c.number <= summed.c.most)


def _before(recipient_count: ColumnElement[int], window: Mapping[str, Any]) -> Label[int]:
    """How many recipients those have that come before in a window."""
    return (func.sum(recipient_count).over(**window) - recipient_count).label("before")


def _few(summed: Subquery) -> Select[Any]:
    """The ids of the first, at least one, up to so many recipients: all are loaded."""
    return select(summed.c.id).where(summed.c.before < at_most(RECIPIENTS))


def _due(name: str, limit: BindParameter[int], *, is_retry: bool) -> Group:
    def lane(priority: Priority) -> Lane:
        # Written into the statement, for a plan that fits how many there are.
        theirs = messages.c.priority == literal_column(f"'{priority}'")
        due = (messages.c.is_retry.is_(is_retry), theirs, messages.c.due_at <= NOW)
        return Lane(f"{name}_{priority}", messages.c.due_at, due)

    return Group(name, {priority: lane(priority) for priority in Priority}, limit)


FRESH = _due("fresh", LIMIT, is_retry=False)
RETRIES = _due("retries", OTHERS, is_retry=True)
LAPSED = Lane(
    "lapsed",
    messages.c.id,
    (
        # The ids are in the tuples too; alone they are what an index is searched by.
        messages.c.id.in_(bindparam("ids_", expanding=True)),
        # Only as they were seen: the owner may have renewed them, or another taken them over.
        tuple_(messages.c.id, messages.c.token, messages.c.renewals).in_(
            bindparam("lapsed_", expanding=True)
        ),
    ),
)
EXPIRED = Lane(
    "expired", messages.c.expires_at, (messages.c.due_at.is_not(None), messages.c.expires_at <= NOW)
)
