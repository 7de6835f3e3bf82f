"""A variant: one way to do a thing, and what was measured of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Failed", "Figures", "Measure", "Unavailable", "Variant"]

Figures = dict[str, float]
"""What one measurement found, by name; the unit is part of the name where it is not a rate."""

Measure = Callable[[float], Figures]
"""Measures once. It is told the scale: 1 for the full size, less for a quick look."""


class Unavailable(Exception):
    """A variant cannot be measured here; the text says what is missing and how to get it."""


class Failed(Exception):
    """A variant did not do what it was measured at; nothing it took the time for counts."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to do what a comparison is about."""

    name: str
    measure: Measure
