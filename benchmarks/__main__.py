"""The command: measure, and write the table and the picture; or compare two checkouts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.against import COMPARED, against
from benchmarks.picture import picture
from benchmarks.record import Record
from benchmarks.rounds import measure
from benchmarks.rows import ROWS
from benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
NAMES = [row.name for row in ROWS]
QUICK = 0.1


def main() -> None:
    """Measure the rows that are asked for; rows of earlier runs stay in the table as they were."""
    asked = _arguments()
    rounds, scale = asked.rounds or (1 if asked.quick else 5), QUICK if asked.quick else 1.0
    if asked.against:
        print(against(asked.against, _ours(asked.only or COMPARED), rounds, scale))
        return
    asked.into.mkdir(parents=True, exist_ok=True)
    record = Record(asked.into / "rounds.json")
    for row in ROWS:
        if row.name in (asked.only or NAMES) and not asked.draw:
            record.store(row.name, measure(row, rounds, scale), rounds, scale)
    written = table(ROWS, record.entries)
    (asked.into / "table.md").write_text(written)
    (asked.into / "picture.svg").write_text(picture(ROWS, record.entries))
    sys.stdout.write(written)


def _ours(rows: Sequence[str]) -> list[tuple[str, str]]:
    """This project's variants of these rows."""
    chosen = [(row.name, each.name) for row in ROWS if row.name in rows for each in row.variants]
    return [(row, name) for row, name in chosen if name.startswith("quartapp")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (default: 5)")
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="one round at a tenth of the size")
    parser.add_argument("--draw", action="store_true", help="only draw what was measured before")
    parser.add_argument(
        "--against", type=Path, help="another checkout of this project, to compare with this one"
    )
    parser.add_argument("--into", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
