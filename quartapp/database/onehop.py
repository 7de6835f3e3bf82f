"""A SQLite connection that makes one trip to its thread for each statement, rows included.

The driver makes four: to open a cursor, to execute, to fetch and to close. Each costs more than
most of our statements do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiosqlite
from aiosqlite.context import contextmanager

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

__all__ = ["OneHopConnection", "one_trip"]

T = TypeVar("T")


class OneHopConnection(aiosqlite.Connection):
    """The driver's connection, which must be opened with `check_same_thread=False`.

    Nothing else runs in its thread while a cursor is opened or closed here: SQLAlchemy awaits each
    statement before the next.
    """

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """A cursor; opening one touches no file."""
        return OneHopCursor(self, self._conn.cursor())


class OneHopCursor(aiosqlite.Cursor):
    """A cursor whose rows are fetched with the statement.

    A statement is then never left half done, which would keep SQLite's lock.
    """

    def __init__(self, connection: OneHopConnection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Execute a statement and fetch what it returns."""
        trip: Any = self._execute
        self._rows = await trip(self._run, sql, parameters or ())
        return self

    async def fetchall(self) -> Iterable[sqlite3.Row]:
        """The rows of the last statement."""
        return self._rows

    async def close(self) -> None:
        """Close it; nothing of it is left to be done."""
        self._cursor.close()

    def _run(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description else []


async def one_trip(driver: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` on the connection in its thread: several statements for one trip.

    Raises what `work` raises. Cut meanwhile, it goes on to its end; what is said next comes after.
    """
    trip: Any = driver._execute
    result: T = await trip(work, driver._conn)
    return result
