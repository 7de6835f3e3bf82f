"""Claim messages that are due: one statement, the same on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, and_, bindparam, func, or_, select, tuple_, union_all, update

from quartapp.mail.outbox.change import stop
from quartapp.mail.outbox.claim import Batch, Claim
from quartapp.mail.outbox.recipients import RECIPIENTS, recipients_of
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import at_most, is_any, messages

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import CTE, BindParameter, Column, ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.claim import Lease
    from quartapp.mail.outbox.delivery import Recipient
    from quartapp.mail.outbox.workers import WorkerId

__all__ = ["Order", "claim", "is_due"]

MOST_EXCEPTIONS = 400
"""Messages that a claim leaves out; while a process has lost more of them it claims none."""

MOST_LAPSED = 200
"""Claims of dead owners in one statement, which has four parameters for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a dispatcher asks for.

    lease
        How long the claims last unless they are renewed, in seconds.
    limit
        How many new messages, and how many others: neither starves the other. The others are
        retries, and before them those that a dead owner left behind.
    only_expired
        Only messages past their `expires`, which need no server: for during an outage.
    worker
        Whose queue it is; it counts those that end here, see `counts.add`.
    lapsed
        What dead owners left behind: taken over unless it was renewed after all.
    except_for
        Messages that this process still has in hand although they are not its own any more.
    """

    backend: str
    token: str
    now: datetime
    lease: float
    limit: int
    worker: WorkerId
    only_expired: bool = False
    lapsed: tuple[Lease, ...] = ()
    except_for: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements below are executed with."""
        return {
            "queue_": self.worker.queue,
            "backend_": self.backend,
            "token_": self.token,
            "now_": self.now,
            "lease_": self.lease,
            "limit_": self.limit,
            "except_for_": self.except_for,
            "ids_": [lease.id for lease in self.left_behind],
            "lapsed_": [lease[:3] for lease in self.left_behind],
        }

    @property
    def waits(self) -> bool:
        """Whether what was lost must end first: it is too much to be left out of a statement."""
        return len(self.except_for) > MOST_EXCEPTIONS

    @property
    def left_behind(self) -> tuple[Lease, ...]:
        """What dead owners left behind, as much of it as is taken at once."""
        return () if self.only_expired else self.lapsed[: min(self.limit, MOST_LAPSED)]


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

    def first(self, limit: BindParameter[int], *conditions: ColumnElement[bool]) -> CTE:
        """Those that come first, and meet some more conditions: id, turn and recipient_count."""
        columns = messages.c.id, self.order.label("turn"), messages.c.recipient_count
        query = select(*columns).where(OURS, *self.conditions, *conditions)
        query = query.order_by(self.order).limit(limit).with_for_update(skip_locked=True)
        # A CTE, because PostgreSQL may run a limited sub-query in UPDATE more than once.
        return query.cte(self.name)


CLAIMED = (
    messages.c.id,
    messages.c.token,
    messages.c.message_id,
    messages.c.backend,
    messages.c.size,
    messages.c.recipient_count,
    messages.c.subject,
    messages.c.sender,
    messages.c.mail_options,
    messages.c.rcpt_options,
    messages.c.attempts,
    messages.c.created_at,
    messages.c.since,
    messages.c.expires_at,
    messages.c.first_attempt_at,
    messages.c.outages,
    messages.c.intent_at,
    messages.c.wants_cancel,
)
"""The columns that a claim is made of."""

IS_DUE = messages.c.due_at <= NOW
FRESH = Lane("fresh", messages.c.due_at, (messages.c.is_retry.is_(False), IS_DUE))
RETRIES = Lane("retries", messages.c.due_at, (messages.c.is_retry.is_(True), IS_DUE))
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


def _bounded(picked: CTE) -> Select[Any]:
    """The ids of the first of these, at least one, up to so many recipients: all are loaded."""
    order = (picked.c.turn, picked.c.id)
    up_to = func.sum(picked.c.recipient_count).over(order_by=order, rows=(None, 0))
    summed = select(picked.c.id, (up_to - picked.c.recipient_count).label("before")).subquery()
    return select(summed.c.id).where(summed.c.before < at_most(RECIPIENTS))


def _take(*picked: CTE) -> Any:
    return (
        update(messages)
        .where(messages.c.id.in_(union_all(*map(_bounded, picked))))
        .values(
            status=Status.SENDING,
            due_at=None,
            token=bindparam("token_"),
            renewals=0,
            lease=bindparam("lease_"),
        )
        .returning(*CLAIMED)
    )


def _due(*conditions: ColumnElement[bool]) -> Any:
    return _take(FRESH.first(LIMIT, *conditions), RETRIES.first(OTHERS, *conditions))


def _expired(*conditions: ColumnElement[bool]) -> Any:
    return _take(EXPIRED.first(LIMIT, *conditions))


IS_ANY_DUE = select(or_(FRESH.is_any, RETRIES.is_any))
IS_ANY_EXPIRED = select(EXPIRED.is_any)
TAKE_LAPSED = _take(LAPSED.first(LIMIT))

# By whether only expired messages are wanted, and whether there are exceptions: rarely, and each
# claim would pay for the condition.
NOT_IN_HAND = messages.c.id.not_in(bindparam("except_for_", expanding=True))
TAKE = {
    (False, False): _due(),
    (False, True): _due(NOT_IN_HAND),
    (True, False): _expired(),
    (True, True): _expired(NOT_IN_HAND),
}


async def is_due(connection: AsyncConnection, order: Order) -> bool:
    """Whether there is anything to claim: asked before, so that an idle outbox takes no lock."""
    question = IS_ANY_EXPIRED if order.only_expired else IS_ANY_DUE
    return bool((await connection.execute(question, order.parameters)).scalar_one())


async def claim(connection: AsyncConnection, order: Order) -> Batch:
    """Take the messages that are due, and those that a dead owner left, under the order's token."""
    rows = await _taken(connection, order)
    if not rows:
        return Batch((), has_more=False)
    # Cancelled while a dead owner had it: no other attempt begins.
    cancelled = {row.id: row for row in rows if row.wants_cancel and row.intent_at is None}
    stopped = await stop(connection, cancelled.values(), order.now, order.worker)
    wanted = {row.id: row for row in rows if row.id not in cancelled}
    recipients = await recipients_of(connection, list(wanted))
    claims = [_claim(row, recipients[delivery_id]) for delivery_id, row in wanted.items()]
    has_more = len(rows) >= order.limit or sum(row.recipient_count for row in rows) >= RECIPIENTS
    return Batch(tuple(sorted(claims, key=_turn)), has_more, tuple(stopped))


async def _taken(connection: AsyncConnection, order: Order) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    if order.left_behind:
        rows += await connection.execute(TAKE_LAPSED, order.parameters)
    statement = TAKE[order.only_expired, bool(order.except_for)]
    others = {"others_": order.limit - len(rows)}
    return rows + list(await connection.execute(statement, order.parameters | others))


def _turn(claim: Claim) -> tuple[datetime, str]:
    due = [recipient.due_at for recipient in claim.recipients if recipient.due_at is not None]
    return min(due, default=claim.since), claim.id


def _claim(row: Row[Any], recipients: tuple[Recipient, ...]) -> Claim:
    return Claim(
        id=row.id,
        token=row.token,
        message_id=row.message_id,
        backend=row.backend,
        size=row.size,
        subject=row.subject,
        sender=row.sender,
        recipients=recipients,
        mail_options=tuple(row.mail_options),
        rcpt_options=tuple(row.rcpt_options),
        attempts=row.attempts,
        created_at=row.created_at,
        since=row.since,
        expires_at=row.expires_at,
        first_attempt_at=row.first_attempt_at,
        outages=row.outages,
        intent_at=row.intent_at,
    )
