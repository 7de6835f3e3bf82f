"""A SQLite connection that makes one trip to its thread for each statement, rows included.

The driver makes four: to open a cursor, to execute, to fetch and to close. Each costs more than
most of our statements do. For the same reason BEGIN travels with the first statement of its
transaction, and a rollback of nothing, which the pool asks for after each commit, stays at home.
"""

from __future__ import annotations

from functools import partial
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

    _begin: str | None = None
    _is_settled = True

    def begin(self, statement: str) -> None:
        """Begin a transaction with this statement, in the trip of the next one."""
        self._begin = statement

    async def commit(self) -> None:
        """Commit, unless no statement has begun the transaction."""
        if self._begin is None:
            await super().commit()
        self._begin = None

    async def rollback(self) -> None:
        """Roll back, unless there is nothing to roll back.

        After a trip that was cut its statement may still run, so it is not known what there is.
        """
        self._begin = None
        if self._conn.in_transaction or not self._is_settled:
            await super().rollback()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._begin is not None:
            fn, self._begin = partial(self._run_after, self._begin, fn), None
        self._is_settled = False
        trip: Any = super()._execute
        result = await trip(fn, *args, **kwargs)
        self._is_settled = True
        return result

    def _run_after(self, begin: str, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._conn.execute(begin)
        return fn(*args, **kwargs)

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
