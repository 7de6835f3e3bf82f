"""Change letters on a person's word: try again, cancel, and forget what is long over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from quartapp.mail.delivery import Status
from quartapp.mail.outbox.schema import contents, letters, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["cancel", "prune", "retry"]

KEY_RETENTION = timedelta(days=365)
PRUNE_BATCH = 500
GIVEN_UP = (Status.FAILED, Status.UNCERTAIN)


async def retry(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> list[str]:
    """Make failed and uncertain letters due again, as if they were new; returns which.

    Only recipients that were not accepted are tried, and only while the bytes are there.
    """
    result = await connection.execute(
        update(letters)
        .where(
            letters.c.id.in_(ids),
            letters.c.status.in_(GIVEN_UP),
            letters.c.id.in_(select(contents.c.letter_id)),
        )
        .values(
            status=Status.QUEUED,
            due_at=now,
            since=now,
            first_attempt_at=None,
            turned_away=0,
            ended_at=None,
            expires_at=None,
        )
        .returning(letters.c.id)
    )
    changed = list(result.scalars())
    await _open_recipients(connection, changed, GIVEN_UP, status=Status.QUEUED, due_at=now)
    return changed


async def cancel(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> list[str]:
    """Stop letters from being tried again; an attempt under way is left to end. Returns which."""
    waiting = (
        update(letters)
        .where(letters.c.id.in_(ids), letters.c.due_at.is_not(None))
        .values(due_at=None, ended_at=now, status=Status.CANCELLED, detail="cancelled")
        .returning(letters.c.id)
    )
    stopped = list((await connection.execute(waiting)).scalars())
    under_way = (
        update(letters)
        .where(letters.c.id.in_(ids), letters.c.status == Status.SENDING)
        .values(wants_cancel=True)
        .returning(letters.c.id)
    )
    asked = list((await connection.execute(under_way)).scalars())
    await _open_recipients(
        connection, stopped, (Status.QUEUED,), status=Status.CANCELLED, due_at=None
    )
    await _open_recipients(connection, stopped, (Status.UNCERTAIN,), due_at=None)
    await _restate(connection, stopped)
    return stopped + asked


async def prune(
    connection: AsyncConnection, now: datetime, retention: float, retention_failed: float
) -> int:
    """Drop the bytes of letters that ended long ago, and after a year the letters; how many.

    retention, retention_failed
        How long the bytes of sent and cancelled, of failed and uncertain letters are kept, in
        seconds.
    """
    done = (Status.SENT, Status.CANCELLED)
    dropped = await _drop_bytes(connection, done, now - timedelta(seconds=retention))
    dropped += await _drop_bytes(connection, GIVEN_UP, now - timedelta(seconds=retention_failed))
    old = select(letters.c.id).where(letters.c.ended_at <= now - KEY_RETENTION).limit(PRUNE_BATCH)
    forgotten = await connection.execute(delete(letters).where(letters.c.id.in_(old)))
    return dropped + forgotten.rowcount


async def _drop_bytes(
    connection: AsyncConnection, statuses: Sequence[Status], before: datetime
) -> int:
    old = (
        select(letters.c.id)
        .join(contents, contents.c.letter_id == letters.c.id)
        .where(letters.c.ended_at <= before, letters.c.status.in_(statuses))
        .limit(PRUNE_BATCH)
    )
    result = await connection.execute(delete(contents).where(contents.c.letter_id.in_(old)))
    return int(result.rowcount)


async def _open_recipients(
    connection: AsyncConnection, ids: Sequence[str], were: Sequence[Status], **values: Any
) -> None:
    await connection.execute(
        update(recipients)
        .where(recipients.c.letter_id.in_(ids), recipients.c.status.in_(were))
        .values(**values)
    )


async def _restate(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """A cancelled letter with an uncertain or failed recipient is that before it is cancelled."""
    for status in (Status.FAILED, Status.UNCERTAIN):
        having = select(recipients.c.letter_id).where(recipients.c.status == status)
        await connection.execute(
            update(letters)
            .where(letters.c.id.in_(ids), letters.c.id.in_(having))
            .values(status=status)
        )
