"""Claim letters that are due: one statement, the same on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, union_all, update

from quartapp.mail.claim import Claim
from quartapp.mail.delivery import Recipient, Status
from quartapp.mail.outbox.schema import contents, letters, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import CTE, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Batch", "Order", "claim", "load", "renew", "stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a dispatcher asks for.

    limit
        How many new letters, and how many that are tried again: neither starves the other.
    lease
        How long they are ours without a sign of life, in seconds.
    only_expired
        Nothing that would have to be sent: for while the server is in trouble.
    """

    backend: str
    token: str
    now: datetime
    lease: float
    limit: int
    only_expired: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of an order: the claims, and whether more are due than were asked for."""

    claims: tuple[Claim, ...]
    has_more: bool


def _lane(name: str, *conditions: Any, order: Any) -> CTE:
    # A CTE, because PostgreSQL may run a limited sub-query in UPDATE more than once.
    return (
        select(letters.c.id)
        .where(letters.c.backend == bindparam("backend_"), *conditions)
        .order_by(order)
        .limit(bindparam("limit_"))
        .with_for_update(skip_locked=True)
        .cte(name)
    )


def _take(*lanes: CTE) -> Any:
    return (
        update(letters)
        .where(letters.c.id.in_(union_all(*(select(lane.c.id) for lane in lanes))))
        .values(
            status=Status.SENDING,
            due_at=None,
            token=bindparam("token_"),
            lease_until=bindparam("lease_until_"),
        )
        .returning(letters)
    )


NOW: Any = bindparam("now_")
DUE = letters.c.due_at <= NOW

TAKE_DUE = _take(
    _lane("fresh", letters.c.is_retry.is_(False), DUE, order=letters.c.due_at),
    _lane("again", letters.c.is_retry.is_(True), DUE, order=letters.c.due_at),
    _lane("lapsed", letters.c.lease_until <= NOW, order=letters.c.lease_until),
)
TAKE_EXPIRED = _take(
    _lane(
        "expired",
        letters.c.expires_at <= NOW,
        letters.c.due_at.is_not(None),
        order=letters.c.expires_at,
    )
)


async def claim(connection: AsyncConnection, order: Order) -> Batch:
    """Take what is due, and what a dead owner left behind, under the order's token."""
    result = await connection.execute(
        TAKE_EXPIRED if order.only_expired else TAKE_DUE,
        {
            "backend_": order.backend,
            "token_": order.token,
            "now_": order.now,
            "lease_until_": order.now + timedelta(seconds=order.lease),
            "limit_": order.limit,
        },
    )
    rows = result.all()
    if not rows:
        return Batch((), has_more=False)
    people = await _recipients(connection, [row.id for row in rows])
    claims = tuple(_claim(row, people[row.id]) for row in rows)
    fresh = sum(not row.is_retry for row in rows)
    return Batch(claims, has_more=max(fresh, len(rows) - fresh) >= order.limit)


async def load(connection: AsyncConnection, letter_id: str) -> bytes:
    """The letter's bytes. Raises `LookupError` when they were pruned."""
    query = select(contents.c.content).where(contents.c.letter_id == letter_id)
    content = (await connection.execute(query)).scalar_one_or_none()
    if content is None:
        raise LookupError(f"the bytes of letter {letter_id} were pruned")
    return bytes(content)


async def renew(connection: AsyncConnection, claims: Iterable[Claim], until: datetime) -> set[str]:
    """Lengthen the leases of claims still ours; returns the ids of those."""
    result = await connection.execute(_held(claims).values(lease_until=until))
    return set(result.scalars())


async def stamp(connection: AsyncConnection, claims: Iterable[Claim], now: datetime) -> set[str]:
    """Write down that the final dots are about to go out; returns the ids still ours."""
    result = await connection.execute(_held(claims).values(intent_at=now))
    return set(result.scalars())


def _held(claims: Iterable[Claim]) -> Any:
    held = list(claims)
    return (
        update(letters)
        .where(
            letters.c.id.in_([claim.id for claim in held]),
            letters.c.token.in_({claim.token for claim in held}),
        )
        .returning(letters.c.id)
    )


async def _recipients(
    connection: AsyncConnection, ids: Sequence[str]
) -> dict[str, list[Recipient]]:
    query = (
        select(recipients)
        .where(recipients.c.letter_id.in_(ids))
        .order_by(recipients.c.letter_id, recipients.c.position)
    )
    people: dict[str, list[Recipient]] = {letter_id: [] for letter_id in ids}
    for row in await connection.execute(query):
        person = Recipient(row.address, Status(row.status), row.code, row.reply, row.due_at)
        people[row.letter_id].append(person)
    return people


def _claim(row: Row[Any], people: list[Recipient]) -> Claim:
    return Claim(
        id=row.id,
        token=row.token,
        message_id=row.message_id,
        subject=row.subject,
        sender=row.sender,
        recipients=tuple(people),
        mail_options=tuple(row.mail_options),
        rcpt_options=tuple(row.rcpt_options),
        attempts=row.attempts,
        created_at=row.created_at,
        since=row.since,
        expires_at=row.expires_at,
        first_attempt_at=row.first_attempt_at,
        turned_away=row.turned_away,
        intent_at=row.intent_at,
    )
