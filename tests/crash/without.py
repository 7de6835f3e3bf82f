"""Take each mechanism out in turn, in a copy, and demand that the test named for it turns red.

python tests/crash/without.py [PART-OF-A-NAME ...]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.crash.mechanisms import MECHANISMS, Mechanism  # noqa: E402

COPIED = ("quartapp", "tests", "templates", "config.toml", "pyproject.toml", "README.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "screenshots")
GREEN, RED = 0, 1
"""pytest's exit codes; others say that no test could be run at all."""


def main(words: list[str]) -> int:
    """Try the mechanisms whose names have one of the words, or all; the exit code."""
    chosen = [each for each in MECHANISMS if not words or any(w in each.name for w in words)]
    with tempfile.TemporaryDirectory(prefix="without-") as folder:
        copy = _copied(Path(folder))
        verdicts = [(each, _try(each, copy)) for each in chosen]
    for mechanism, verdict in verdicts:
        print(f"{verdict:<12} {mechanism.name:<52} {mechanism.test.rpartition('::')[2]}")
    return int(any(verdict != "missed" for _, verdict in verdicts))


def _copied(folder: Path) -> Path:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _try(mechanism: Mechanism, copy: Path) -> str:
    """Whether it is missed when it is gone: `missed`, or what is wrong instead."""
    path = copy / mechanism.file
    whole = path.read_text(encoding="utf-8")
    if whole.count(mechanism.line) != 1:
        return "not found"
    if _tested(mechanism.test, copy) != GREEN:
        return "never green"
    path.write_text(whole.replace(mechanism.line, mechanism.instead), encoding="utf-8")
    try:
        code = _tested(mechanism.test, copy)
    finally:
        path.write_text(whole, encoding="utf-8")
    return {RED: "missed", GREEN: "NOT MISSED"}.get(code, "no test ran")


def _tested(test: str, copy: Path) -> int:
    """Run a test in the copy; pytest's exit code."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", test],
        cwd=copy,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
