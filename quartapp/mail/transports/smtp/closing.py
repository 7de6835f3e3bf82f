"""Connections that take their leave of the server, in nobody's way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.transports.smtp.connection import SMTPConnection

__all__ = ["ClosingConnections"]

GOODBYE = 1.0
"""Seconds for taking leave of the server when we stop."""


class ClosingConnections:
    """Says QUIT on connections that are no longer wanted.

    then
        Called whenever one has left: the server has room for another.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._leaving: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._leaving)

    def say(self, connection: SMTPConnection) -> None:
        """Part with a connection; one that is dead is only cut."""
        if not connection.is_open:
            connection.abort()
            return
        task = asyncio.create_task(connection.quit(), name="mail: quit")
        self._leaving.add(task)
        task.add_done_callback(self._left)

    async def end(self) -> None:
        """Wait a moment for those that are leaving, and cut the rest."""
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=GOODBYE)
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        self._then()
