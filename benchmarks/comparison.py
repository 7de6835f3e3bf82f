"""A comparison: variants that do the same, measured in turns, and what they are to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.target import Target
    from benchmarks.variant import Variant

__all__ = ["Comparison"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the benchmark.

    name
        What `--only` calls it.
    figure
        The figure that the picture shows, in `unit`; more of it is better, or less.
    note
        What exactly is measured, in a sentence or two.
    """

    name: str
    title: str
    note: str
    figure: str
    unit: str
    variants: tuple[Variant, ...]
    targets: tuple[Target, ...]
    is_more_better: bool = True
