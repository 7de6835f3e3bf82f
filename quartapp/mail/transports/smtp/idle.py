"""Connections that wait for a message, each for a limited time."""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.transports.smtp.connection import SMTPConnection

__all__ = ["IdleConnections"]


class IdleConnections:
    """The idle connections of a pool; the one that was used last is used next.

    limit
        How long one waits, in seconds.
    close
        Called with each that has waited too long, or that the server has closed.
    """

    def __init__(self, limit: float, close: Callable[[SMTPConnection], None]) -> None:
        self._limit = limit
        self._close = close
        self._connections: list[SMTPConnection] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: SMTPConnection) -> None:
        """Let it wait."""
        self._connections.append(connection)
        self._sweep_later()

    def take(self) -> SMTPConnection:
        """One of those that wait."""
        return self._connections.pop()

    def sweep(self) -> None:
        """Close those that may not be used any more."""
        if not self._connections:
            return
        now, before = time.monotonic(), self._connections
        self._connections = [c for c in before if c.is_open and now - c.idle_since < self._limit]
        for connection in before:
            if connection not in self._connections:
                self._close(connection)

    def clear(self) -> None:
        """Close all of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        connections, self._connections = self._connections, []
        for connection in connections:
            self._close(connection)

    def _sweep_later(self) -> None:
        if self._timer is None:
            # Who releases a connection may be in a request, whose context must end with it.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._limit, self._timed_out, context=Context())

    def _timed_out(self) -> None:
        self._timer = None
        self.sweep()
        if self._connections:
            self._sweep_later()
