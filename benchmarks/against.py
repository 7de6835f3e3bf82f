"""Against: the same rows in this checkout and in another, in turns, and the ratio of the two."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT
from benchmarks.table import FIGURES
from benchmarks.variant import Failed, Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["COMPARED", "against"]

COMPARED = ("send", "drain", "compose", "enqueue", "memory", "idle")
"""The rows that are compared where no others are asked for."""

# Nothing but what the benchmarks of any checkout have; it prints null for a variant they lack.
PROBE = """
import json, sys
from benchmarks.rows import ROWS
found = {row.name: {each.name: each for each in row.variants} for row in ROWS}
variant = found.get(sys.argv[1], {}).get(sys.argv[2])
print(json.dumps(variant and variant.measure(float(sys.argv[3]))))
"""

Ratios = dict[tuple[str, str, str], list[float]]
"""Row, variant and figure: what this checkout found over what the other did, for each round."""


def against(other: Path, variants: Sequence[tuple[str, str]], rounds: int, scale: float) -> str:
    """Measure variants, as row and name, in both checkouts; the median ratios in Markdown.

    Each checkout is measured by its own benchmarks. A variant that the other's lack is measured
    there by ours, which works for those that use public names only.
    """
    ratios: Ratios = defaultdict(list)
    with _with_our_benchmarks(other.resolve()) as mixed:
        for number in range(1, rounds + 1):
            for row, name in variants:
                ours, theirs = _both([[ROOT], [other.resolve(), mixed]], row, name, scale)
                for figure in [each for each in FIGURES if each in ours and theirs.get(each)]:
                    ratio = ours[figure] / theirs[figure]
                    ratios[row, name, figure].append(ratio)
                    _tell(f"{row} {number}/{rounds}: {name}: {figure} {ratio:.3f}")
    return "\n".join(_table(ratios))


def _both(
    checkouts: Sequence[Sequence[Path]], row: str, name: str, scale: float
) -> tuple[Figures, Figures]:
    """One round: both, in either order."""
    found: dict[int, Figures] = {}
    for number in random.sample(range(2), 2):
        found[number] = _measured(checkouts[number], row, name, scale)
    return found[0], found[1]


def _measured(folders: Sequence[Path], row: str, name: str, scale: float) -> Figures:
    """What the first of the folders finds that knows the variant."""
    for folder in folders:
        done = subprocess.run(  # noqa: S603  # our own interpreter and program
            [sys.executable, "-c", PROBE, row, name, str(scale)],
            cwd=folder,
            # Before an editable install of this checkout, in the programs that it starts too.
            env=os.environ | {"PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{name} failed in {folder}: {done.stderr.strip()[-2000:]}")
        figures: Figures | None = json.loads(done.stdout.splitlines()[-1])
        if figures is not None:
            return figures
    raise Failed(f"no benchmark of {row}: {name}")


@contextmanager
def _with_our_benchmarks(other: Path) -> Iterator[Path]:
    """A folder that is the other checkout, but for its benchmarks."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for each in other.iterdir():
            if each.name != "benchmarks":
                (folder / each.name).symlink_to(each)
        (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
        yield folder


def _table(ratios: Ratios) -> Iterator[str]:
    yield "| row | variant | figure | this over the other | least to most | rounds |"
    yield "|---|---|---|---|---|---|"
    for (row, name, figure), found in ratios.items():
        spread = f"{min(found):.3f} to {max(found):.3f}"
        cells = (row, name, FIGURES[figure], f"**{median(found):.3f}**", spread, str(len(found)))
        yield f"| {' | '.join(cells)} |"


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
