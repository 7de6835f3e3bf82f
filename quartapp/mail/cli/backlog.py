"""A backlog while it drains: how much of it is done, how fast, and how long the rest will take."""

from __future__ import annotations

from dataclasses import dataclass

from quartapp.mail.clock import span
from quartapp.mail.outbox.query.views import Figures

__all__ = ["Backlog"]

WIDEST, NARROWEST = 30, 5
"""Columns of the bar; there is none where it would be narrower."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is known of it at one moment.

    attempted
        Attempts that this process made since it began to count, `seconds` ago.
    due
        Messages that could be sent now, counted no further than `Figures` counts.
    """

    attempted: int
    due: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.attempted / self.seconds if self.seconds > 0 else 0.0

    def line(self, width: int) -> str:
        """How far it has come, in at most so many columns."""
        if self.due > Figures.COUNTED:
            done = f"{self.attempted:,} done, more than {Figures.COUNTED:,} left"
            return f"{done} · {self.rate:,.0f}/s"[:width]
        total = self.attempted + self.due
        text = f"{self.attempted:,} / {total:,} · {self.rate:,.0f}/s{self._left()}"
        return f"{_bar(self.attempted / max(1, total), width - len(text) - 3)}{text}"[:width]

    def end(self) -> str:
        """What was done, once nothing is left."""
        took = span(self.seconds)
        return f"{self.attempted:,} attempts in {took} · {self.rate:,.0f}/s"

    def _left(self) -> str:
        if not self.due or not self.rate:
            return ""
        return f" · {span(self.due / self.rate)} left"


def _bar(share: float, width: int) -> str:
    if width < NARROWEST:
        return ""
    width = min(width, WIDEST)
    done = int(share * width)
    return f"[{'#' * done}{'-' * (width - done)}] "
