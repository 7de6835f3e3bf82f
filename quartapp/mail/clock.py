"""The clock: the one place that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]

# On Linux the clock that goes on while the machine sleeps, as a lease does.
SUSPEND_AWARE = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """The time of day, for rows and people, and elapsed time, for leases."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...

    def elapsed(self) -> float:
        """Seconds since some moment, suspension included."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since the machine started, suspension included."""
        return time.clock_gettime(SUSPEND_AWARE)
