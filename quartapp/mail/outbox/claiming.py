"""Claim messages that are due: one statement, the same on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update

from quartapp.mail.choices import Priority
from quartapp.mail.outbox.change import stop
from quartapp.mail.outbox.claim import Batch, Claim
from quartapp.mail.outbox.lanes import EXPIRED, FRESH, LAPSED, LIMIT, RETRIES, in_turns
from quartapp.mail.outbox.recipients import RECIPIENTS, recipients_of
from quartapp.mail.outbox.shares import PRECEDENCE
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import messages

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.claim import Lease
    from quartapp.mail.outbox.delivery import Recipient
    from quartapp.mail.outbox.shares import Rotation
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
    rotation
        Which priorities had their turns in the claims before; the claim goes on with it.
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
    rotation: Rotation
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
            **FRESH.parameters(self.rotation),
            **RETRIES.parameters(self.rotation),
        }

    @property
    def waits(self) -> bool:
        """Whether what was lost must end first: it is too much to be left out of a statement."""
        return len(self.except_for) > MOST_EXCEPTIONS

    @property
    def left_behind(self) -> tuple[Lease, ...]:
        """What dead owners left behind, as much of it as is taken at once."""
        return () if self.only_expired else self.lapsed[: min(self.limit, MOST_LAPSED)]


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
    messages.c.priority,
    messages.c.is_retry,
)
"""The columns that a claim is made of."""


def _take(ids: Select[Any]) -> Any:
    return (
        update(messages)
        .where(messages.c.id.in_(ids))
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
    return _take(in_turns(FRESH, RETRIES, conditions=conditions))


def _expired(*conditions: ColumnElement[bool]) -> Any:
    return _take(EXPIRED.taken(LIMIT, *conditions))


IS_ANY_DUE = select(or_(FRESH.is_any, RETRIES.is_any))
IS_ANY_EXPIRED = select(EXPIRED.is_any)
TAKE_LAPSED = _take(LAPSED.taken(LIMIT))

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
    due = (await connection.execute(statement, order.parameters | others)).all()
    if not order.only_expired:
        _go_on(order.rotation, due)
    return [*rows, *due]


def _go_on(rotation: Rotation, rows: Iterable[Row[Any]]) -> None:
    taken = Counter((row.is_retry, row.priority) for row in rows)
    for is_retry, group in ((False, FRESH), (True, RETRIES)):
        rotation.go_on(group.name, {each: taken[is_retry, each] for each in Priority})


def _turn(claim: Claim) -> tuple[int, datetime, str]:
    due = [recipient.due_at for recipient in claim.recipients if recipient.due_at is not None]
    return PRECEDENCE[claim.priority], min(due, default=claim.since), claim.id


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
        mail_options=row.mail_options,
        rcpt_options=row.rcpt_options,
        attempts=row.attempts,
        created_at=row.created_at,
        since=row.since,
        expires_at=row.expires_at,
        first_attempt_at=row.first_attempt_at,
        outages=row.outages,
        intent_at=row.intent_at,
        priority=Priority(row.priority),
        was_sent=any(recipient.status is Status.SENT for recipient in recipients),
    )
