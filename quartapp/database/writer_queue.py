"""The writer queue: SQLite has one writer, so those who want to write queue here, in order."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from quartapp.database.errors import DatabaseBusy
from quartapp.database.reserve import is_in_reserve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["NestedWrite", "WriterQueue"]

GIVES_WAY = 20
"""How many turns who comes last leaves to others before it takes one although they wait."""


class NestedWrite(RuntimeError):
    """A task asked for a write transaction while it holds one: it would wait for itself."""


class WriterQueue:
    """One writer at a time in an event loop, first come first served: `async with queue`.

    Who is in reserve waits for two others at most: the one who writes, and the next.

    A turn is taken before a connection is, so that those who wait hold none. Each event loop has a
    queue of its own, made when it is first used: an application may be started in one loop after
    another, and an asyncio lock serves only one. Between loops SQLite's own lock decides.

    waiting
        How many wait for a turn.
    patience
        How long one waits for a turn before `DatabaseBusy`, in seconds.
    """

    def __init__(self, patience: float) -> None:
        self.holder: asyncio.Task[Any] | None = None
        self._patience = patience
        self.waiting = 0
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    async def __aenter__(self) -> None:
        self.refuse_nested()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._take_turn()
        except TimeoutError:
            raise DatabaseBusy(f"no turn to write within {self._patience:g} s") from None
        finally:
            self.waiting -= 1
        self.holder = asyncio.current_task()

    @asynccontextmanager
    async def last(self) -> AsyncIterator[None]:
        """A turn when nobody else wants one: `async with queue.last()`.

        Where others always do, some of them go first, and then they wait.
        """
        for _ in range(GIVES_WAY):
            async with self:
                if not self.waiting:
                    yield
                    return
        async with self:
            yield

    async def _take_turn(self) -> None:
        if is_in_reserve():
            await self._lock.acquire()
            return
        # Of all others one at most stands in front of who is in reserve.
        async with self._doors.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            await self._lock.acquire()

    def refuse_nested(self) -> None:
        """Raise `NestedWrite` where this task has the turn."""
        if self.holder is not None and self.holder is asyncio.current_task():
            raise NestedWrite("this task holds a write transaction already: pass session=")

    async def __aexit__(self, *_: object) -> None:
        self.holder = None
        self._lock.release()

    @property
    def _lock(self) -> asyncio.Lock:
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
