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

FLEXIBLE = 3
"""How many cells of a row may be shortened, the last ones."""


def table(rows: Iterable[Sequence[str]], width: int | None = None) -> list[str]:
    """The lines of a table; what would move or colour a terminal is spelled out.

    rows
        The headings first.
    width
        Columns of the screen: the last cells of a row are shortened until it fits, the widest
        first, as far as they still say something. None shortens nothing.
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
    """Take what is too much from the last columns, each time from the widest of them."""
    fitted = list(widths)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    last = range(len(widths))[-FLEXIBLE:]
    for _ in range(max(0, excess)):
        widest = max(reversed(last), key=fitted.__getitem__)
        if fitted[widest] <= NARROW:
            break
        fitted[widest] -= 1
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
