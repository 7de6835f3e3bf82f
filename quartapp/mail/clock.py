"""The clock: the one place that reads the time; and how moments and spans are written."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Clock", "SystemClock", "Turns", "iso", "span"]

T = TypeVar("T")

TURN = 0.01
"""Seconds that a long calculation may have the event loop for itself."""

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

    def database(self, moment: datetime) -> datetime:
        """The time of day by a database's clock that has just said `moment`."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since the machine started, suspension included."""
        return time.clock_gettime(SUSPEND_AWARE)

    def database(self, moment: datetime) -> datetime:
        """The same; only in tests a database does not know how late it is."""
        return moment


def iso(moment: datetime) -> str:
    """A moment in ISO 8601, in UTC and to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """A length of time in words, such as `4 min`: in the largest unit that it has two of."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


class Turns:
    """For a long calculation on the event loop: others have a turn every ten milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.elapsed()

    async def give(self) -> None:
        """Let others have a turn, if this one took long enough."""
        if self._clock.elapsed() - self._since >= TURN:
            await asyncio.sleep(0)
            self._since = self._clock.elapsed()

    async def all(self, results: Iterable[T]) -> list[T]:
        """The results of a long iterator."""
        done = []
        for result in results:
            done.append(result)
            await self.give()
        return done
