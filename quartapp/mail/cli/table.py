"""Tables of text: as wide as the terminal, complete where they are piped."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

from quartapp.mail.lines import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["screen_width", "table"]

GAP = "  "
NARROW = 8
"""Columns of the screen that a shortened cell keeps at least."""


def table(rows: Iterable[Sequence[str]], width: int | None = None) -> list[str]:
    """The lines of a table; what would move or colour a terminal is spelled out.

    rows
        The headings first.
    width
        Columns of the screen: the last cells of a row are shortened until it fits, as far as
        they still say something. None shortens nothing.
    """
    cells = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip_longest(*cells, fillvalue="")]
    if width is not None:
        widths = _fitted(widths, width)
    return [
        GAP.join(_padded(cell, room) for cell, room in zip(row, widths, strict=False)).rstrip()
        for row in cells
    ]


def screen_width() -> int | None:
    """How wide the terminal is; None where the output goes somewhere else."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _fitted(widths: list[int], width: int) -> list[int]:
    """Take what is too much from the last columns, the last one first."""
    fitted = list(widths)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for column in reversed(range(len(widths))):
        spare = max(0, fitted[column] - NARROW)
        taken = min(spare, max(0, excess)) if column >= len(widths) - 2 else 0
        fitted[column] -= taken
        excess -= taken
    return fitted


def _padded(cell: str, room: int) -> str:
    if _width(cell) > room:
        while _width(cell) > room - 1:
            cell = cell[:-1]
        cell += "…"
    return cell + " " * (room - _width(cell))


def _width(text: str) -> int:
    """How many columns of the screen it takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
