"""A target: what a comparison is to show, as a number with a bound."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.variant import Figures

__all__ = ["Target", "difference", "ratio", "share"]

TIMES = "\N{MULTIPLICATION SIGN}"

Medians = Mapping[str, Figures]
Reading = Callable[[Figures, Figures, str], float]


def ratio(ours: Figures, theirs: Figures, figure: str) -> float:
    """How many times theirs ours is."""
    return ours[figure] / theirs[figure]


def difference(ours: Figures, theirs: Figures, figure: str) -> float:
    """How much more ours is than theirs."""
    return ours[figure] - theirs[figure]


def share(ours: Figures, _theirs: Figures, figure: str) -> float:
    """Ours as it is."""
    return ours[figure]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on one figure of our variant, next to that of another.

    unit
        What the number is followed by, such as " MiB".
    """

    what: str
    ours: str
    theirs: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None
    reading: Reading = ratio
    unit: str = TIMES

    def value(self, medians: Medians) -> float | None:
        """The number, None where one of the two was not measured."""
        if self.ours not in medians or self.theirs not in medians:
            return None
        return self.reading(medians[self.ours], medians[self.theirs], self.figure)

    def is_met(self, value: float) -> bool:
        """Whether the number is within the bound."""
        is_enough = self.at_least is None or operator.ge(value, self.at_least)
        return is_enough and (self.at_most is None or operator.le(value, self.at_most))

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}{self.unit}"
        return f"at most {self.at_most:g}{self.unit}"
