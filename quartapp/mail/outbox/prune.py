"""Forget what ended long ago: first the bytes of messages, after a year the messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from quartapp.mail.outbox.delivery import Status
from quartapp.mail.outbox.tables import at_most, attempts, contents, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["prune"]

KEY_RETENTION = timedelta(days=365)
DONE = (Status.SENT, Status.CANCELLED)
GIVEN_UP = (Status.FAILED, Status.UNCERTAIN)

BATCH = 500
"""Messages in one transaction, so that nobody waits long for it."""


async def prune(
    connection: AsyncConnection, now: datetime, retention: float, retention_failed: float
) -> int:
    """Drop the bytes of messages that ended long ago, and pruned messages after a year; how many.

    retention, retention_failed
        How long the bytes of sent and cancelled, of failed and uncertain messages are kept, in
        seconds.
    """
    dropped = await _drop_bytes(connection, _over(DONE, now - timedelta(seconds=retention)))
    dropped += await _drop_bytes(
        connection, _over(GIVEN_UP, now - timedelta(seconds=retention_failed))
    )
    return dropped + await _forget(connection, _forgotten(now - KEY_RETENTION))


def _over(statuses: Sequence[Status], before: datetime) -> Select[Any]:
    """Messages with bytes that came to one of these ends before then."""
    return _ended(before).where(messages.c.is_pruned.is_(False), messages.c.status.in_(statuses))


def _forgotten(before: datetime) -> Select[Any]:
    """Messages without bytes whose end was before then."""
    return _ended(before).where(messages.c.is_pruned.is_(True))


def _ended(before: datetime) -> Select[Any]:
    query = select(messages.c.id).where(messages.c.ended_at <= before)
    oldest = query.order_by(messages.c.ended_at).limit(at_most(BATCH))
    return oldest.with_for_update(skip_locked=True)


async def _drop_bytes(connection: AsyncConnection, old: Select[Any]) -> int:
    ids = list((await connection.execute(old)).scalars())
    if ids:
        # The mark is in the message, so that whoever retries it sees it under the same lock.
        mark = update(messages).where(messages.c.id.in_(ids)).values(is_pruned=True)
        await connection.execute(mark)
        await connection.execute(delete(contents).where(contents.c.delivery_id.in_(ids)))
    return len(ids)


async def _forget(connection: AsyncConnection, old: Select[Any]) -> int:
    ids = list((await connection.execute(old)).scalars())
    if ids:
        # Not left to the foreign keys: somebody else's SQLite engine may not heed them.
        for table in (recipients, attempts):
            await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
        await connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    return len(ids)
