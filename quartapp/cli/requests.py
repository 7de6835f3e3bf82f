"""The requests that are being answered, so that they can be ended when the server stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
    from quart import Quart

__all__ = ["Requests"]


class Requests:
    """An ASGI app around another one that knows what is going on in it.

    hypercorn gives up waiting for a connection in its own time on Python 3.11 only: later ones
    wait for as long as the client likes.
    """

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Pass a request, or the lifespan, on to the app."""
        task = asyncio.current_task()
        if task is None or scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        finally:
            self._tasks.discard(task)

    def cancel(self) -> None:
        """End them all, wherever they are."""
        for task in self._tasks:
            task.cancel()
