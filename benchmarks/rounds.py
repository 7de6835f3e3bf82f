"""Rounds: every variant of a comparison in turn, in another order each time."""

from __future__ import annotations

import random
import sys
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.variant import Figures, Unavailable, Variant

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison

__all__ = ["Measured", "measure", "medians"]

Measured = dict[str, list[Figures]]
"""What each variant's rounds found."""


def measure(comparison: Comparison, rounds: int, scale: float) -> Measured:
    """Run all rounds of one comparison; variants that cannot run here are left out."""
    measured: Measured = {variant.name: [] for variant in comparison.variants}
    missing: set[str] = set()
    for number in range(1, rounds + 1):
        order = [variant for variant in comparison.variants if variant.name not in missing]
        random.shuffle(order)
        for variant in order:
            figures = _figures(variant, scale)
            if figures is None:
                missing.add(variant.name)
                continue
            measured[variant.name].append(figures)
            _tell(f"{comparison.name} {number}/{rounds}: {variant.name}: {_in_words(figures)}")
    return {name: found for name, found in measured.items() if found}


def medians(measured: Measured) -> dict[str, Figures]:
    """The middle of each figure."""
    return {
        name: {figure: median(each[figure] for each in found) for figure in found[0]}
        for name, found in measured.items()
    }


def _figures(variant: Variant, scale: float) -> Figures | None:
    try:
        return variant.measure(scale)
    except Unavailable as reason:
        _tell(f"{variant.name} is left out: {reason}")
        return None


def _in_words(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.4g}" for name, value in figures.items())


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
