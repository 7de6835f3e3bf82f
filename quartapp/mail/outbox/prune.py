"""Prune: delete messages that ended long ago, with all that is stored of them but their keys."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, literal, select, update

from quartapp.mail.outbox.states import FAILURES, STATES, Final, Status
from quartapp.mail.outbox.tables import at_most, attempts, contents, keys, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.mail.settings import MailSettings

__all__ = ["Pruner"]

BATCH = 50
BYTES = 2 * 1024 * 1024
"""Messages and bytes in one transaction: other writers wait for it."""

ROW = 256
"""Bytes that each recipient counts for."""

PAUSE = 0.1
"""Seconds between two transactions, at least, so that those who wait to write come first."""

TIMES = 9
"""How many times as long as a transaction took the pause after it is: of ten who come to write, one
finds it there, however slow the disk is."""

LONGEST_PAUSE = 1.0

LOOKS = 10
"""How often SQLite's log is to be emptied, a pause apart, before a reader is left to read on."""

ENDED = tuple(status for status, state in STATES.items() if state.final is not Final.NEVER)


class Pruner:
    """Deletes in small transactions, so that a million old messages do not slow down a new one.

    database, now
        Asked for at each use: a host may open another database.
    """

    def __init__(
        self, database: Callable[[], Database], settings: MailSettings, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        self._is_logged = False

    async def prune(self) -> int:
        """Delete messages whose retention is over, then keys of those deleted long ago.

        Returns how many messages were deleted.
        """
        # Also where there is nothing to delete: a mistake is told when it is made.
        self._database().refuse_nested()
        deleted = 0
        for status in ENDED:
            while await self._finds(self._over(status)):
                if not (number := await self._delete_messages(status)):
                    # Another process is deleting them.
                    break
                deleted += number
        while await self._finds(self._forgotten()) and await self._delete_keys():
            pass
        await self._empty_log()
        return deleted

    async def _finds(self, old: Select[Any]) -> bool:
        """Whether there is any: only then others have to wait for a lock."""
        async with self._database().reading() as connection:
            return (await connection.execute(old.limit(at_most(1)))).first() is not None

    def _over(self, status: Status) -> Select[Any]:
        """The messages that ended in this state, and longer ago than they are stored."""
        settings = self._settings
        seconds = settings.retention_failed if status in FAILURES else settings.retention
        return (
            select(messages.c.id, messages.c.size, messages.c.recipient_count)
            .where(
                messages.c.queue == settings.queue,
                messages.c.status == literal(status.value, literal_execute=True),
                messages.c.ended_at <= self._now() - timedelta(seconds=seconds),
                # An uncertain message that will be resent has not ended.
                messages.c.due_at.is_(None),
            )
            .order_by(messages.c.ended_at)
            .limit(at_most(BATCH))
        )

    async def _delete_messages(self, status: Status) -> int:
        begun = asyncio.get_running_loop().time()
        async with self._database().writing() as connection:
            old = self._over(status).with_for_update(skip_locked=True)
            ids = _bounded((await connection.execute(old)).all())
            await _overwrite(connection)
            # Not left to the foreign keys: a host's SQLite engine may not enforce them.
            for table in (contents, recipients, attempts):
                await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
            await connection.execute(delete(messages).where(messages.c.id.in_(ids)))
            await connection.execute(
                update(keys)
                .where(keys.c.delivery_id.in_(ids))
                .values(status=status, pruned_at=self._now())
            )
        return await self._done(len(ids), begun)

    def _forgotten(self) -> Select[Any]:
        """The keys whose messages were deleted longer ago than a key is remembered."""
        before = self._now() - timedelta(seconds=self._settings.key_retention)
        ours = keys.c.queue == self._settings.queue
        old = select(keys.c.key_hash).where(ours, keys.c.pruned_at <= before)
        return old.order_by(keys.c.pruned_at).limit(at_most(BATCH))

    async def _delete_keys(self) -> int:
        begun = asyncio.get_running_loop().time()
        async with self._database().writing() as connection:
            old = self._forgotten().with_for_update(skip_locked=True)
            hashes = (await connection.execute(old)).scalars().all()
            await connection.execute(delete(keys).where(keys.c.key_hash.in_(hashes)))
        return await self._done(len(hashes), begun)

    async def _done(self, number: int, begun: float) -> int:
        self._is_logged = True
        took = asyncio.get_running_loop().time() - begun
        await asyncio.sleep(min(max(PAUSE, took * TIMES), LONGEST_PAUSE))
        return number

    async def _empty_log(self) -> None:
        """Take what was deleted out of SQLite's log, too, once no reader needs it."""
        for _ in range(LOOKS):
            if not self._is_logged:
                return
            self._is_logged = not await self._database().empty_log()
            if self._is_logged:
                await asyncio.sleep(PAUSE)


def _bounded(rows: Any) -> list[str]:
    """The ids of the first messages, up to the one that makes them too many bytes."""
    before = accumulate((row.size + ROW * row.recipient_count for row in rows), initial=0)
    return [row.id for row, size in zip(rows, before, strict=False) if size < BYTES]


async def _overwrite(connection: AsyncConnection) -> None:
    """Have SQLite overwrite what it deletes, on a host's connection as on ours."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("PRAGMA secure_delete=ON")
