"""Delete what ended long ago: first the content of messages, after a year the messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from quartapp.mail.outbox.states import FAILURES, Status
from quartapp.mail.outbox.tables import at_most, attempts, contents, keys, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["prune"]

KEY_RETENTION = timedelta(days=365)
OTHERS = tuple(status for status in Status if status not in FAILURES)

BATCH = 500
"""Messages in one transaction, so that other writers do not wait long for it."""


async def prune(
    connection: AsyncConnection, now: datetime, retention: float, retention_failed: float
) -> int:
    """Delete the content of messages that ended long ago, and after a year the rest; how many.

    retention, retention_failed
        How long the content of sent and cancelled, of failed and uncertain messages is stored, in
        seconds.
    """
    deleted = await _delete_contents(connection, _over(OTHERS, now - timedelta(seconds=retention)))
    deleted += await _delete_contents(
        connection, _over(FAILURES, now - timedelta(seconds=retention_failed))
    )
    return deleted + await _delete_messages(connection, _pruned(now - KEY_RETENTION))


def _over(statuses: Sequence[Status], before: datetime) -> Select[Any]:
    """Messages with content that ended in one of these states before then."""
    return _ended(before).where(messages.c.is_pruned.is_(False), messages.c.status.in_(statuses))


def _pruned(before: datetime) -> Select[Any]:
    """Messages without content that ended before then."""
    return _ended(before).where(messages.c.is_pruned.is_(True))


def _ended(before: datetime) -> Select[Any]:
    query = select(messages.c.id).where(messages.c.ended_at <= before)
    oldest = query.order_by(messages.c.ended_at).limit(at_most(BATCH))
    return oldest.with_for_update(skip_locked=True)


async def _delete_contents(connection: AsyncConnection, old: Select[Any]) -> int:
    ids = list((await connection.execute(old)).scalars())
    if ids:
        # The mark is in the message's row, so that a retry sees it under the same lock.
        mark = update(messages).where(messages.c.id.in_(ids)).values(is_pruned=True)
        await connection.execute(mark)
        await connection.execute(delete(contents).where(contents.c.delivery_id.in_(ids)))
    return len(ids)


async def _delete_messages(connection: AsyncConnection, old: Select[Any]) -> int:
    ids = list((await connection.execute(old)).scalars())
    if ids:
        # Not left to the foreign keys: a host's SQLite engine may not enforce them.
        for table in (recipients, attempts, keys):
            await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
        await connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    return len(ids)
