"""Claim messages that are due: one statement, the same on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, bindparam, or_, select, union_all, update

from quartapp.mail.outbox.change import stop
from quartapp.mail.outbox.claim import Claim
from quartapp.mail.outbox.recipients import recipients_of
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import contents, is_any, messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import CTE, Column, ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.delivery import Delivery, Recipient

__all__ = ["Batch", "Order", "claim", "is_due", "load", "renew", "stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a dispatcher asks for.

    limit
        How many new messages, and how many others: neither starves the other. The others are
        retries, and before them those that a dead owner left behind.
    lease
        After how many seconds another process may take them over.
    only_expired
        Only messages past their `expires`, which need no server: for during an outage.
    worker
        Who counts those that end here, see `counts.add`.
    """

    backend: str
    token: str
    now: datetime
    lease: float
    limit: int
    worker: str
    only_expired: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements below are executed with."""
        return {
            "backend_": self.backend,
            "token_": self.token,
            "now_": self.now,
            "lease_until_": self.now + timedelta(seconds=self.lease),
            "limit_": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of an order: the claims, earliest due first, and whether to ask again at once.

    stopped
        Messages that ended here instead: they had been cancelled while a dead owner had them.
    """

    claims: tuple[Claim, ...]
    has_more: bool
    stopped: tuple[Delivery, ...] = ()


NOW: Any = bindparam("now_")
OURS = messages.c.backend == bindparam("backend_")
LIMIT = bindparam("limit_", type_=Integer, literal_execute=True)


class Lane(NamedTuple):
    """Messages that are claimed for one reason, in the order in which they are claimed."""

    name: str
    order: Column[Any]
    conditions: tuple[ColumnElement[bool], ...]

    @property
    def is_any(self) -> ColumnElement[bool]:
        """Whether there are any."""
        return is_any(self.order, OURS, *self.conditions)

    @property
    def first(self) -> CTE:
        """The ids of those that come first."""
        query = select(messages.c.id).where(OURS, *self.conditions)
        query = query.order_by(self.order).limit(LIMIT).with_for_update(skip_locked=True)
        # A CTE, because PostgreSQL may run a limited sub-query in UPDATE more than once.
        return query.cte(self.name)


CLAIMED = (
    messages.c.id,
    messages.c.token,
    messages.c.message_id,
    messages.c.backend,
    messages.c.size,
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
LAPSED = Lane("lapsed", messages.c.lease_until, (messages.c.lease_until <= NOW,))
EXPIRED = Lane(
    "expired", messages.c.expires_at, (messages.c.due_at.is_not(None), messages.c.expires_at <= NOW)
)


def _either(name: str, first: CTE, then: CTE) -> CTE:
    both = union_all(select(first.c.id), select(then.c.id)).subquery()
    return select(both.c.id).limit(LIMIT).cte(name)


def _take(*picked: CTE) -> Any:
    return (
        update(messages)
        .where(messages.c.id.in_(union_all(*(select(each.c.id) for each in picked))))
        .values(
            status=Status.SENDING,
            due_at=None,
            token=bindparam("token_"),
            lease_until=bindparam("lease_until_"),
        )
        .returning(*CLAIMED)
    )


IS_ANY_DUE = select(or_(FRESH.is_any, RETRIES.is_any, LAPSED.is_any))
IS_ANY_EXPIRED = select(EXPIRED.is_any)
TAKE_DUE = _take(FRESH.first, _either("others", LAPSED.first, RETRIES.first))
TAKE_EXPIRED = _take(EXPIRED.first)


async def is_due(connection: AsyncConnection, order: Order) -> bool:
    """Whether there is anything to claim: asked before, so that an idle outbox takes no lock."""
    question = IS_ANY_EXPIRED if order.only_expired else IS_ANY_DUE
    return bool((await connection.execute(question, order.parameters)).scalar_one())


async def claim(connection: AsyncConnection, order: Order) -> Batch:
    """Take the messages that are due, and those that a dead owner left, under the order's token."""
    statement = TAKE_EXPIRED if order.only_expired else TAKE_DUE
    rows = (await connection.execute(statement, order.parameters)).all()
    if not rows:
        return Batch((), has_more=False)
    # Cancelled while a dead owner had it: no other attempt begins.
    cancelled = {row.id for row in rows if row.wants_cancel and row.intent_at is None}
    stopped = await stop(connection, sorted(cancelled), order.now, order.worker)
    wanted = {row.id: row for row in rows if row.id not in cancelled}
    recipients = await recipients_of(connection, list(wanted))
    claims = [_claim(row, recipients[delivery_id]) for delivery_id, row in wanted.items()]
    has_more = len(rows) >= order.limit
    return Batch(tuple(sorted(claims, key=_turn)), has_more, tuple(stopped))


LOAD = select(contents.c.delivery_id, contents.c.content).where(
    contents.c.delivery_id.in_(bindparam("ids", expanding=True))
)


async def load(connection: AsyncConnection, ids: Sequence[str]) -> list[bytes | None]:
    """The content of each of these messages, None where it was pruned."""
    rows = await connection.execute(LOAD, {"ids": ids})
    found = {row.delivery_id: bytes(row.content) for row in rows}
    return [found.get(delivery_id) for delivery_id in ids]


async def renew(connection: AsyncConnection, claims: Iterable[Claim], until: datetime) -> set[str]:
    """Extend the leases of the claims that are still ours; returns the ids of those."""
    result = await connection.execute(_owned(claims).values(lease_until=until))
    return set(result.scalars())


async def stamp(connection: AsyncConnection, claims: Iterable[Claim], now: datetime) -> set[str]:
    """Record that the end of data of each is about to be sent; returns the ids still ours."""
    result = await connection.execute(_owned(claims).values(intent_at=now))
    return set(result.scalars())


def _owned(claims: Iterable[Claim]) -> Any:
    ours = list(claims)
    return (
        update(messages)
        .where(
            messages.c.id.in_([claim.id for claim in ours]),
            messages.c.token.in_({claim.token for claim in ours}),
        )
        .returning(messages.c.id)
    )


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
