"""What each task has begun on somebody else's SQLite engine, and not ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["Begun"]

_known: WeakKeyDictionary[Engine, Begun] = WeakKeyDictionary()


class Begun:
    """Tells a task that waited for SQLite's lock in vain whether it held that lock itself.

    The writer queue knows only those who came through it, not a session of the host's.
    """

    def __init__(self) -> None:
        self._connections: WeakKeyDictionary[asyncio.Task[Any], WeakSet[Connection]] = (
            WeakKeyDictionary()
        )

    @classmethod
    def on(cls, engine: AsyncEngine) -> Begun:
        """That of an engine, which is listened to once, however often it is asked for."""
        begun = _known.get(engine.sync_engine)
        if begun is None:
            begun = _known[engine.sync_engine] = cls()
            event.listen(engine.sync_engine, "begin", begun._note)
        return begun

    @property
    def is_ours(self) -> bool:
        """Whether this task has a transaction open that SQLite knows of."""
        task = asyncio.current_task()
        return task is not None and any(map(_is_open, self._connections.get(task, ())))

    def _note(self, connection: Connection) -> None:
        with suppress(RuntimeError):  # a thread without an event loop
            if (task := asyncio.current_task()) is not None:
                self._connections.setdefault(task, WeakSet()).add(connection)


def _is_open(connection: Connection) -> bool:
    # The driver begins late: what only SQLAlchemy has begun holds nothing up.
    if connection.closed or not connection.in_transaction():
        return False
    driver: Any = connection.connection.driver_connection
    return bool(driver.in_transaction)
