"""Prefetch: how much to have ahead, in messages and in bytes, so that no connection waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock

__all__ = ["ContentLimit", "Prefetch"]

WINDOW = 0.1
"""Seconds: what is sent in them is claimed ahead, the rest is left to other processes."""

LEAST = 8
MOST = 256

BYTES = 16 * 1024 * 1024
"""Bytes of messages that are claimed ahead, and in memory without a connection."""


class Prefetch:
    """Counts the messages that end.

    connections
        How many there may be; several messages for each are claimed at any rate.
    """

    def __init__(self, connections: int, clock: Clock) -> None:
        self._connections = connections
        self._least = connections * LEAST
        self._clock = clock
        self._began = clock.elapsed()
        self._ended = 0
        self._before = 0.0

    def limit(self, size: int) -> int:
        """As many messages as ended within the last window, within bounds.

        size
            Bytes of those in hand. Of large ones there are no more than connections.
        """
        if size >= BYTES:
            return self._connections
        return max(self._least, min(MOST, int(max(self._before, self._ended))))

    def count(self) -> None:
        """Count a message that ended."""
        took = self._clock.elapsed() - self._began
        if took >= WINDOW:
            self._before = self._ended * WINDOW / took
            self._began += took
            self._ended = 0
        self._ended += 1


class ContentLimit:
    """Bounds the contents in memory that no connection sends: loaded ahead, or not yet recorded."""

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._changed = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Whether another content may be loaded."""
        return self._held < self._limit

    async def room(self) -> None:
        """Wait until there is."""
        while not self.has_room:
            self._changed.clear()
            await self._changed.wait()

    def change(self, size: int) -> None:
        """There are so many bytes more, or less."""
        self._held += size
        self._changed.set()
