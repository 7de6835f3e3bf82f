"""A backlog while it drains: how much of it is done, how fast, and how long the rest will take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from quartapp.mail import Figures
from quartapp.mail.cli.description import duration

__all__ = ["Backlog"]

WIDEST, NARROWEST = 30, 5
"""Columns of the bar; there is none where it would be narrower."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is known of it at one moment.

    tried
        Messages that this process tried since it began to count, `seconds` ago.
    due
        Messages that could be sent now, counted no further than `Figures` counts.
    """

    tried: int
    due: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.tried / self.seconds if self.seconds > 0 else 0.0

    def line(self, width: int) -> str:
        """How far it has come, in at most so many columns."""
        if self.due > Figures.COUNTED:
            words = f"{self.tried:,} messages tried, more than {Figures.COUNTED:,} wait"
            return f"{words}, {self.rate:,.0f} a second"[:width]
        total = self.tried + self.due
        words = f"{self.tried:,} of {total:,} messages, {self.rate:,.0f} a second{self._left()}"
        return f"{_bar(self.tried / max(1, total), width - len(words) - 3)}{words}"[:width]

    def end(self) -> str:
        """What was done, once nothing is left."""
        took = duration(timedelta(seconds=self.seconds))
        return f"{self.tried:,} messages tried in {took}, {self.rate:,.0f} a second."

    def _left(self) -> str:
        if not self.due or not self.rate:
            return ""
        return f", {duration(timedelta(seconds=self.due / self.rate))} more"


def _bar(share: float, width: int) -> str:
    if width < NARROWEST:
        return ""
    width = min(width, WIDEST)
    done = int(share * width)
    return f"[{'#' * done}{'-' * (width - done)}] "
