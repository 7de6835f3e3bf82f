"""The app as hypercorn sees it: its lifespan, and the requests that are being answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypercorn.utils import LifespanFailureError

if TYPE_CHECKING:
    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
    from quart import Quart

__all__ = ["Served"]


class Served:
    """An app that can be told to end what it is doing.

    hypercorn gives a connection up after its graceful_timeout on Python 3.11 only: on later
    ones it waits for as long as the client likes.
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
            await self._live(scope, receive, send)
            return
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        finally:
            self._tasks.discard(task)

    async def _live(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        try:
            await self._app(scope, receive, send)
        except SystemExit as refusal:
            # Let loose in a task, it would tear down the event loop around it.
            raise LifespanFailureError("startup", str(refusal)) from refusal

    def cancel(self) -> None:
        """End every request, wherever it is."""
        for task in self._tasks:
            task.cancel()
