"""Claimed messages: their content, the renewal of their leases, and who holds them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from quartapp.mail.outbox.claim import Lease
from quartapp.mail.outbox.tables import IS_CLAIMED, contents, messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.claim import Claim, Key

__all__ = ["leases", "load", "renew", "stamp"]

AT_ONCE = 400
"""Claims in one statement, which has an id and a token for each."""


async def load(connection: AsyncConnection, ids: Sequence[str]) -> list[bytes | None]:
    """The content of each of these messages, None where it was pruned."""
    rows = await connection.execute(LOAD, {"ids": ids})
    found = {row.delivery_id: bytes(row.content) for row in rows}
    return [found.get(delivery_id) for delivery_id in ids]


LOAD = select(contents.c.delivery_id, contents.c.content).where(
    contents.c.delivery_id.in_(bindparam("ids", expanding=True))
)


async def leases(connection: AsyncConnection, queue: str, backend: str) -> list[Lease]:
    """The leases on all messages of this queue and backend that are claimed, by whomever."""
    which = {"queue_": queue, "backend_": backend}
    return [Lease(*row) for row in await connection.execute(LEASES, which)]


LEASES = select(messages.c.id, messages.c.token, messages.c.renewals, messages.c.lease).where(
    messages.c.queue == bindparam("queue_"),
    messages.c.backend == bindparam("backend_"),
    IS_CLAIMED,
)


async def renew(connection: AsyncConnection, claims: Iterable[Claim]) -> set[Key]:
    """Renew the leases of the claims that are still ours; returns the keys of those."""
    return await _written(connection, claims, renewals=messages.c.renewals + 1)


async def stamp(connection: AsyncConnection, claims: Iterable[Claim], now: datetime) -> set[Key]:
    """Record that the end of data of each is about to be sent; returns the keys still ours."""
    return await _written(connection, claims, intent_at=now)


async def _written(connection: AsyncConnection, claims: Iterable[Claim], **values: Any) -> set[Key]:
    written: set[Key] = set()
    rest = iter(claims)
    while ours := list(islice(rest, AT_ONCE)):
        owned = (
            update(messages)
            .where(
                messages.c.id.in_([claim.id for claim in ours]),
                messages.c.token.in_({claim.token for claim in ours}),
            )
            .values(**values)
            .returning(messages.c.id, messages.c.token)
        )
        written |= {(row.id, row.token) for row in await connection.execute(owned)}
    return written
