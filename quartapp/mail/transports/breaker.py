"""When to leave a server alone: a breaker that opens on trouble and lets one probe through."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Breaker", "BreakerState"]


class BreakerState(StrEnum):
    """Closed: all go. Open: nobody goes. Probing: one goes, and what comes of it decides."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Counts no failures: the first trouble opens it, and each failed probe doubles the pause.

    first, longest
        The shortest and the longest pause, in seconds.
    clock
        Seconds that only grow.
    jitter
        Gives the factor by which each pause is stretched, so that many processes spread out.
    """

    def __init__(
        self,
        first: float,
        longest: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.9, 1.1),  # noqa: S311
    ) -> None:
        self.trouble: str | None = None
        self._first = first
        self._longest = longest
        self._clock = clock
        self._jitter = jitter
        self._pause = 0.0
        self._until = 0.0

    @property
    def state(self) -> BreakerState:
        """What it lets through just now."""
        if self.trouble is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.remaining > 0 else BreakerState.PROBING

    @property
    def remaining(self) -> float:
        """Seconds until a probe may go; 0 when one may go now."""
        return max(0.0, self._until - self._clock()) if self.trouble else 0.0

    def trip(self, trouble: str) -> bool:
        """Take note of trouble; True when this is what opened it."""
        opened = self.trouble is None
        if self.state is BreakerState.OPEN:
            return False
        self._pause = self._first if opened else min(self._pause * 2, self._longest)
        self._until = self._clock() + self._pause * self._jitter()
        self.trouble = trouble
        return opened

    def mend(self) -> bool:
        """Take note that the server works; True when this is what closed it."""
        closed = self.trouble is not None
        self.trouble = None
        return closed

    def __repr__(self) -> str:
        words = f": {self.trouble}; next try in {self.remaining:.0f} s" if self.trouble else ""
        return f"<Breaker {self.state}{words}>"
