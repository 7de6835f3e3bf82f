"""Take each mechanism out in turn, in a copy, and demand that the test named for it turns red.

python tests/crash/without.py [-j COPIES] [PART-OF-A-NAME ...]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.crash.mechanisms import MECHANISMS, Mechanism  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COPIED = ("quartapp", "tests", "templates", "config.toml", "pyproject.toml", "README.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "screenshots")
GREEN, RED = 0, 1
"""pytest's exit codes; others say that no test could be run at all."""

MISSED = "missed"

# What is taken out and put back within a second must not be run from an older file.
OWN_SOURCE = ("-p", "no:tests.fixtures.bytecode")

ENOUGH = 40
"""Seconds after which a test that waits for what does not come is taken for red."""


def main() -> int:
    """Try the mechanisms whose names have one of the words, or all; the exit code."""
    arguments = _arguments()
    words: list[str] = arguments.words
    chosen = [each for each in MECHANISMS if not words or any(w in each.name for w in words)]
    with tempfile.TemporaryDirectory(prefix="without-") as folder:
        copies = [_copied(Path(folder, str(number))) for number in range(arguments.copies)]
        code, said = _tested(sorted({each.test for each in chosen}), copies[0])
        if code != GREEN:
            print(said, "Not every test is green while nothing is taken out", sep="\n")
            return 1
        return int(not all(_try_all(chosen, copies)))


def _try_all(chosen: Sequence[Mechanism], copies: Sequence[Path]) -> list[bool]:
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def verdict_on(mechanism: Mechanism) -> bool:
        copy = free.get()
        try:
            decision = _try(mechanism, copy)
        finally:
            free.put(copy)
        test = mechanism.test.rpartition("::")[2]
        print(f"{decision:<10}  {mechanism.name:<60}  {test}", flush=True)
        return decision == MISSED

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(verdict_on, chosen))


def _try(mechanism: Mechanism, copy: Path) -> str:
    """Whether it is missed when it is gone, or what is wrong instead."""
    with _taken_out(mechanism, copy) as count:
        if count != 1:
            return "not found"
        code, _ = _tested([mechanism.test], copy)
    return {RED: MISSED, GREEN: "NOT MISSED"}.get(code, "no test ran")


@contextmanager
def _taken_out(mechanism: Mechanism, copy: Path) -> Iterator[int]:
    """Without the mechanism for a while; how often its line was there."""
    path = copy / mechanism.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(mechanism.line, mechanism.instead), encoding="utf-8")
    try:
        yield whole.count(mechanism.line)
    finally:
        path.write_text(whole, encoding="utf-8")


def _tested(tests: Sequence[str], copy: Path) -> tuple[int, str]:
    """Run tests in the copy; pytest's exit code, and what it said."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    processes, limit = ("4", []) if len(tests) > 1 else ("0", [f"--timeout={ENOUGH}"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OWN_SOURCE, "-q", "-x", "-n", processes, *limit, *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def _copied(folder: Path) -> Path:
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take mechanisms out and see tests miss them.")
    parser.add_argument("-j", dest="copies", type=int, default=6, help="how many at once")
    parser.add_argument("words", nargs="*", help="parts of names; all where there is none")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
