"""WriterQueue to write: SQLite has one writer, so those who want to write queue here, in order."""

from __future__ import annotations

import asyncio
from typing import Any

from quartapp.database.errors import DatabaseBusy

__all__ = ["NestedWrite", "WriterQueue"]


class NestedWrite(RuntimeError):
    """A task asked for a write transaction while it holds one: it would wait for itself."""


class WriterQueue:
    """One writer at a time in this process, first come first served: `async with turns`.

    A turn is taken before a connection is, so that those who wait hold none.

    patience
        How long one waits for a turn before `DatabaseBusy`, in seconds.
    """

    def __init__(self, patience: float) -> None:
        self.holder: asyncio.Task[Any] | None = None
        self._patience = patience
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self.holder is task:
            raise NestedWrite("this task holds a write transaction already: pass session=")
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError:
            raise DatabaseBusy(f"no turn to write within {self._patience:g} s") from None
        self.holder = task

    async def __aexit__(self, *_: object) -> None:
        self.holder = None
        self._lock.release()
