"""Connections that are being closed with QUIT, in the background."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.transports.smtp.connection import SMTPConnection

__all__ = ["ClosingConnections"]

QUIT_AT_END = 1.0
"""Seconds for the replies to QUIT when the transport is closed."""


class ClosingConnections:
    """Says QUIT on connections that are no longer wanted.

    on_closed
        Called whenever one is closed: the server has room for another.
    """

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, connection: SMTPConnection) -> None:
        """Close a connection; one that is dead is only cut."""
        if not connection.is_open:
            connection.abort()
            return
        task = asyncio.create_task(connection.quit(), name="mail: quit", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._closed, context=Context())

    async def end(self) -> None:
        """Wait a moment for those that are being closed, and cut the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=QUIT_AT_END)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._on_closed()
