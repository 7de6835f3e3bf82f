"""`make` is the front door: it lists what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_lists_every_target():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]

    assert [line.split()[0] for line in listed.splitlines()] == targets.split()


def test_the_fast_tests_are_there():
    quick = re.search(r"^quick := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert [path for path in quick[1].replace("\\", "").split() if not (ROOT / path).exists()] == []
