"""A clock for tests in which hours pass at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["HandClock"]


class HandClock:
    """A clock that goes when it is told to: `clock.seconds += 60`.

    set_by
        How far the time of day was set forward, or back, in seconds; no time passes by that.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.set_by = 0.0
        self._start = datetime.now(UTC)

    def now(self) -> datetime:
        """The time of day."""
        return self._start + timedelta(seconds=self.seconds + self.set_by)

    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self.seconds

    def database(self, moment: datetime) -> datetime:
        """Time passes for the database too, but its clock is not set with ours."""
        return moment + timedelta(seconds=self.seconds)
