"""The examples' own tests pass in an environment with the wheel, with the kit that it brings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fixtures.process import run

EXAMPLES = Path(__file__).parents[2] / "examples"

# The wheel may have to be built first.
pytestmark = pytest.mark.timeout(180)


def test_they_pass(elsewhere, tmp_path):
    # Far from the checkout, and with nothing of the machine that runs the tests.
    folder = shutil.copytree(
        EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__", "*.sqlite*")
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [str(elsewhere / "python"), "-m", "pytest", "-q"]

    # pytest compiles the package anew there, to rewrite its assertions.
    ended = run(command, environment, folder, patience=120)

    assert "6 passed" in ended.stdout, ended.stdout
