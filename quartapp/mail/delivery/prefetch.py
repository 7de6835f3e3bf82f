"""Prefetch: how many messages to claim ahead, so that no connection waits for the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock

__all__ = ["Prefetch"]

WINDOW = 0.1
"""Seconds: what is sent in them is claimed ahead, the rest is left to other processes."""

LEAST = 8
MOST = 256


class Prefetch:
    """Counts the messages that end.

    connections
        How many there may be; several messages for each are claimed at any rate.
    """

    def __init__(self, connections: int, clock: Clock) -> None:
        self._least = connections * LEAST
        self._clock = clock
        self._began = clock.elapsed()
        self._ended = 0
        self._before = 0.0

    @property
    def limit(self) -> int:
        """As many as ended within the last window, within bounds."""
        return max(self._least, min(MOST, int(max(self._before, self._ended))))

    def count(self) -> None:
        """Count a message that ended."""
        took = self._clock.elapsed() - self._began
        if took >= WINDOW:
            self._before = self._ended * WINDOW / took
            self._began += took
            self._ended = 0
        self._ended += 1
