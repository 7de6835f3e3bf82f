"""A context as a request has one, that a test can see die."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Request"]

REQUEST: ContextVar[object] = ContextVar("REQUEST")


class Request:
    """`await request.run(work)` runs work in a context that holds the request's data."""

    def __init__(self) -> None:
        self._data: weakref.ref[object] | None = None

    async def is_held(self) -> bool:
        """Whether something still references its context."""
        # The loop itself holds timers that were cancelled, until there are many of them.
        for _ in range(1000):
            asyncio.get_running_loop().call_later(3600, print).cancel()
        await asyncio.sleep(0)
        gc.collect()
        return self._data is not None and self._data() is not None

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end of the request."""
        return await asyncio.create_task(self._serve(work))

    async def _serve(self, work: Coroutine[Any, Any, Any]) -> Any:
        data = type("Data", (), {})()
        self._data = weakref.ref(data)
        REQUEST.set(data)
        return await work
