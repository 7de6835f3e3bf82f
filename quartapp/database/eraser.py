"""The eraser: deletes from a SQLite file in short steps, so that those who write hardly wait.

SQLite has one lock for all who write. Two things made it long to wait for: the disk, which each
commit waits for, and the event loop, which has others to serve between two statements. Here a
transaction makes one trip to the driver's thread, and the disk is waited for afterwards.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError

from quartapp.database.engines import opened
from quartapp.database.errors import translated
from quartapp.database.onehop import one_trip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from quartapp.database.writer_queue import WriterQueue

    T = TypeVar("T")

__all__ = ["Eraser"]


class Eraser:
    """One of those who write, and the last of them.

    engine
        Where its connections come from: a host's, or one whose commits wait for no disk.
    queue
        Where those who write wait for their turns.
    begin
        Begins a transaction where the engine does not.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        queue: WriterQueue,
        begin: Callable[[AsyncConnection], Awaitable[None]],
    ) -> None:
        self.engine = engine
        self._queue = queue
        self._begin = begin

    async def erase(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a write transaction that ends before the event loop goes on.

        What it deletes is overwritten. Raises what `Database.transaction` raises.
        """
        with translated():
            async with (
                self._queue.last(),
                opened(self.engine) as connection,
                connection.begin(),
            ):
                await self._begin(connection)
                driver = await _driver_of(connection)
                try:
                    return await one_trip(driver, partial(_committed, work))
                except sqlite3.Error as error:
                    raise DBAPIError("deleting", None, error) from error

    async def checkpoint(self) -> None:
        """Write the log into the file, as far as no reader needs it. Nobody waits for that."""
        with translated():
            async with opened(self.engine) as connection:
                driver = await _driver_of(connection)
                await driver.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")

    async def empty_log(self) -> bool:
        """Write the log into the file and cut it to nothing; others lose no time by it.

        False where a reader needs it, or another process writes: try again later.
        """
        # Most of it without the lock that the rest needs.
        await self.checkpoint()
        with translated():
            async with self._queue.last(), opened(self.engine) as connection:
                driver = await _driver_of(connection)
                [(patience,)] = await driver.execute_fetchall("PRAGMA busy_timeout")
                # While it waited for readers it would keep other processes from writing.
                await driver.execute_fetchall("PRAGMA busy_timeout = 0")
                try:
                    rows = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    await driver.execute_fetchall(f"PRAGMA busy_timeout = {patience}")
        [(is_busy, *_)] = rows
        return not is_busy


async def _driver_of(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def _committed(work: Callable[[sqlite3.Connection], T], driver: sqlite3.Connection) -> T:
    # A host's engine does not overwrite by itself.
    driver.execute("PRAGMA secure_delete=ON").fetchall()
    result = work(driver)
    driver.commit()
    return result
