"""The last hour as a small chart: what was sent upwards, what failed downwards, on one scale."""

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
    """One minute's messages: above the line those sent, below it those that failed."""

    minute: Minute
    x: int
    sent: float
    failed: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars round a line, in the units of a box of `width` and `height`, and what they add up to.

    rate
        Messages a minute that came to an end.
    failure
        The share of them that failed, in percent; None when there were none.
    """

    width: int
    height: int
    bar: int
    line: float
    bars: tuple[Bar, ...]
    sent: int
    failed: int

    @property
    def total(self) -> int:
        """Messages in all."""
        return self.sent + self.failed

    @property
    def rate(self) -> float:
        """Messages a minute."""
        return self.total / max(1, len(self.bars))

    @property
    def failure(self) -> float | None:
        """The share of messages that failed, in percent; None when there were no messages."""
        return 100 * self.failed / self.total if self.total else None


def chart(minutes: Sequence[Minute]) -> Chart:
    """The chart of these minutes, the oldest on the left."""
    above = max((minute.sent for minute in minutes), default=0)
    below = max((minute.failed for minute in minutes), default=0)
    unit = (HEIGHT - 2 * MARGIN) / max(1, above + below)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        bar=BAR,
        line=MARGIN + unit * above if below else HEIGHT - MARGIN,
        bars=tuple(
            Bar(minute, place * STEP, _high(minute.sent, unit), _high(minute.failed, unit))
            for place, minute in enumerate(minutes)
        ),
        sent=sum(minute.sent for minute in minutes),
        failed=sum(minute.failed for minute in minutes),
    )


def _high(number: int, unit: float) -> float:
    return round(max(LEAST, number * unit), 1) if number else 0.0
