"""A clock for tests in which hours pass at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["HandClock"]


class HandClock:
    """A clock that goes when it is told to: `clock.seconds += 60`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = datetime.now(UTC)

    def now(self) -> datetime:
        """The time of day."""
        return self._start + timedelta(seconds=self.seconds)

    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self.seconds
