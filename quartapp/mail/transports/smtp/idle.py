"""Connections that wait for a message, each for a little while."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.transports.smtp.connection import SMTPConnection

__all__ = ["Idle"]


class Idle:
    """The kept connections of a pool; the one that was used last is used next.

    patience
        How long one waits, in seconds.
    part
        Called with each that has waited too long, or that the server has closed.
    """

    def __init__(self, patience: float, part: Callable[[SMTPConnection], None]) -> None:
        self._patience = patience
        self._part = part
        self._kept: list[SMTPConnection] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, connection: SMTPConnection) -> None:
        """Keep it for a while."""
        self._kept.append(connection)
        self._look_later()

    def take(self) -> SMTPConnection:
        """One of those that wait."""
        return self._kept.pop()

    def sweep(self) -> None:
        """Part with those that nobody should be given any more."""
        if not self._kept:
            return
        now, waiting = time.monotonic(), self._kept
        self._kept = [c for c in waiting if c.is_open and now - c.idle_since < self._patience]
        for connection in waiting:
            if connection not in self._kept:
                self._part(connection)

    def clear(self) -> None:
        """Part with all of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kept, self._kept = self._kept, []
        for connection in kept:
            self._part(connection)

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _look(self) -> None:
        self._timer = None
        self.sweep()
        if self._kept:
            self._look_later()
