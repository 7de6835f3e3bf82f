"""The command: measure, and write the table and the picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.picture import picture
from benchmarks.record import Record
from benchmarks.rounds import measure
from benchmarks.rows import ROWS
from benchmarks.table import table

RESULTS = Path(__file__).parent / "results"
NAMES = [row.name for row in ROWS]
QUICK = 0.1


def main() -> None:
    """Measure the rows that are asked for; rows of earlier runs stay in the table as they were."""
    asked = _arguments()
    asked.into.mkdir(parents=True, exist_ok=True)
    record = Record(asked.into / "rounds.json")
    rounds, scale = asked.rounds or (1 if asked.quick else 5), QUICK if asked.quick else 1.0
    for row in ROWS:
        if row.name in (asked.only or NAMES) and not asked.draw:
            record.keep(row.name, measure(row, rounds, scale), rounds, scale)
    written = table(ROWS, record.entries)
    (asked.into / "table.md").write_text(written)
    (asked.into / "picture.svg").write_text(picture(ROWS, record.entries))
    sys.stdout.write(written)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (default: 5)")
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="one round at a tenth of the size")
    parser.add_argument("--draw", action="store_true", help="only draw what was measured before")
    parser.add_argument("--into", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
