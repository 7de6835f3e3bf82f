"""Prune: delete messages that ended long ago, with all that is stored of them but their keys."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from quartapp.mail.outbox.deletes import LONGEST, EndedMessages, PrunedKeys
from quartapp.mail.outbox.states import FAILURES, STATES, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quartapp.database import Database
    from quartapp.mail.outbox.deletes import Old
    from quartapp.mail.outbox.states import Status
    from quartapp.mail.settings import MailSettings

__all__ = ["Pruner"]

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
    longest
        Seconds after which a transaction on SQLite leaves the rest to the next.
    """

    def __init__(
        self,
        database: Callable[[], Database],
        settings: MailSettings,
        now: Callable[[], datetime],
        longest: float = LONGEST,
    ) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        self._longest = longest
        self._is_logged = False

    async def prune(self) -> int:
        """Delete messages whose retention is over, then keys of those deleted long ago.

        Returns how many messages were deleted.
        """
        # Also where there is nothing to delete: a mistake is told when it is made.
        self._database().refuse_nested()
        deleted = 0
        for status in ENDED:
            while number := await self._delete(self._over(status)):
                deleted += number
        while await self._delete(self._forgotten()):
            pass
        await self._empty_log()
        return deleted

    def _over(self, status: Status) -> EndedMessages:
        """The messages that ended in this state, and longer ago than they are stored."""
        settings, now = self._settings, self._now()
        seconds = settings.retention_failed if status in FAILURES else settings.retention
        return EndedMessages(settings.queue, status, now - timedelta(seconds=seconds), now)

    def _forgotten(self) -> PrunedKeys:
        """The keys whose messages were deleted longer ago than a key is remembered."""
        remembered = timedelta(seconds=self._settings.key_retention)
        return PrunedKeys(self._settings.queue, self._now() - remembered)

    async def _delete(self, old: Old) -> int:
        """Delete some in one transaction, and pause; 0 where there are none.

        Also where another process is deleting them.
        """
        database = self._database()
        async with database.reading() as connection:
            found = (await connection.execute(old.select())).all()
        # Looked for before: only where there are any others have to wait for a lock.
        if not found:
            return 0
        begun = asyncio.get_running_loop().time()
        number = await old.delete(database, found, self._longest)
        took = asyncio.get_running_loop().time() - begun
        self._is_logged = True
        if database.eraser:
            await database.eraser.checkpoint()
        await asyncio.sleep(min(max(PAUSE, took * TIMES), LONGEST_PAUSE))
        return number

    async def _empty_log(self) -> None:
        """Take what was deleted out of SQLite's log, too, once no reader needs it."""
        eraser = self._database().eraser
        for _ in range(LOOKS):
            if eraser is None or not self._is_logged:
                return
            self._is_logged = not await eraser.empty_log()
            if self._is_logged:
                await asyncio.sleep(PAUSE)
