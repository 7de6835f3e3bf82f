"""The circuit breaker: pauses delivery after a server outage, and lets one probe through."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Breaker", "BreakerState"]

FIRST, LONGEST = 1.0, 60.0


class BreakerState(StrEnum):
    """Closed: messages go. Open: delivery is paused. Probing: one goes, and its outcome decides."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Counts no failures: the first outage opens it, and each failed probe doubles the pause.

    first, longest
        The shortest and the longest pause, in seconds.
    clock
        Seconds that only grow.
    jitter
        Gives the factor by which each pause is multiplied, so that many processes spread out.
    """

    def __init__(
        self,
        first: float = FIRST,
        longest: float = LONGEST,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.9, 1.1),  # noqa: S311
    ) -> None:
        self.outage: str | None = None
        self._first = first
        self._longest = longest
        self._clock = clock
        self._jitter = jitter
        self._pause = 0.0
        self._until = 0.0
        self._opened_at = 0.0

    @property
    def state(self) -> BreakerState:
        """What it lets through now."""
        if self.outage is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.remaining > 0 else BreakerState.PROBING

    @property
    def remaining(self) -> float:
        """Seconds until a probe may go; 0 when one may go now."""
        return max(0.0, self._until - self._clock()) if self.outage else 0.0

    @property
    def paused_for(self) -> float:
        """Seconds since the outage began; 0 where there is none."""
        return self._clock() - self._opened_at if self.outage else 0.0

    def trip(self, outage: str, at_least: float = 0.0) -> bool:
        """Record an outage; True when this is what opened it.

        outage
            What is wrong, in one sentence for people.
        at_least
            The shortest pause, in seconds, whatever the other pauses were.
        """
        opened = self.outage is None
        if self.state is BreakerState.OPEN:
            return False
        if opened:
            self._opened_at = self._clock()
        self._pause = self._first if opened else min(self._pause * 2, self._longest)
        self._until = self._clock() + max(self._pause * self._jitter(), at_least)
        self.outage = outage
        return opened

    def lift(self) -> None:
        """End the pause: a probe may go now."""
        self._until = self._clock()

    def reset(self) -> bool:
        """Record that the server works; True when this is what closed it."""
        was_open = self.outage is not None
        self.outage = None
        return was_open

    def __repr__(self) -> str:
        details = f": {self.outage}; next attempt in {self.remaining:.0f} s" if self.outage else ""
        return f"<Breaker {self.state}{details}>"
