"""The pace of delivery: how many messages are worth holding, so that none waits for the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock

__all__ = ["Prefetch"]

WINDOW = 0.1
"""Seconds: what is done in them is worth holding, what takes longer may be another process's."""

LEAST = 8
MOST = 256


class Prefetch:
    """Counts the messages that come to an end.

    connections
        How many there may be; several messages for each are worth holding at any pace.
    """

    def __init__(self, connections: int, clock: Clock) -> None:
        self._least = connections * LEAST
        self._clock = clock
        self._began = clock.elapsed()
        self._ended = 0
        self._before = 0.0

    @property
    def worth_holding(self) -> int:
        """As many as ended within the last moment, within bounds."""
        return max(self._least, min(MOST, int(max(self._before, self._ended))))

    def note(self) -> None:
        """A message came to an end."""
        took = self._clock.elapsed() - self._began
        if took >= WINDOW:
            self._before = self._ended * WINDOW / took
            self._began += took
            self._ended = 0
        self._ended += 1
