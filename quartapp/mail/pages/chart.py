"""The last hour as a small chart: what was sent upwards, what was not downwards, on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quartapp.mail.outbox.query.views import Minute

__all__ = ["Bar", "Chart", "chart"]

WIDTH, HEIGHT = 720, 120
STEP, BAR = 12, 9
MARGIN = 3
LEAST = 2.0
"""What is there must be seen, however small beside the rest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute's attempts: above the line those sent, below it those failed, then deferred.

    failed
        Those that are failed or uncertain.
    """

    minute: Minute
    x: int
    sent: float
    failed: float
    deferred: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars round a line, in the units of a box of `width` and `height`, and what they add up to."""

    width: int
    height: int
    bar: int
    line: float
    bars: tuple[Bar, ...]
    sent: int
    deferred: int
    failed: int
    uncertain: int

    @property
    def total(self) -> int:
        """Attempts in all."""
        return self.sent + self.deferred + self.failed + self.uncertain

    @property
    def rate(self) -> float:
        """Attempts a minute."""
        return self.total / max(1, len(self.bars))

    @property
    def failure(self) -> float | None:
        """The share of attempts that were not accepted, in percent; None without attempts."""
        return 100 * (self.total - self.sent) / self.total if self.total else None


def chart(minutes: Sequence[Minute]) -> Chart:
    """The chart of these minutes, the oldest on the left."""
    above = max((minute.sent for minute in minutes), default=0)
    below = max((minute.attempts - minute.sent for minute in minutes), default=0)
    unit = (HEIGHT - 2 * MARGIN - 2 * LEAST) / max(1, above + below)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        bar=BAR,
        line=MARGIN + max(LEAST, unit * above) if below else HEIGHT - MARGIN,
        bars=tuple(
            Bar(
                minute,
                place * STEP,
                _high(minute.sent, unit),
                _high(minute.failed + minute.uncertain, unit),
                _high(minute.deferred, unit),
            )
            for place, minute in enumerate(minutes)
        ),
        sent=sum(minute.sent for minute in minutes),
        deferred=sum(minute.deferred for minute in minutes),
        failed=sum(minute.failed for minute in minutes),
        uncertain=sum(minute.uncertain for minute in minutes),
    )


def _high(number: int, unit: float) -> float:
    return round(max(LEAST, number * unit), 1) if number else 0.0
