"""Who makes the app: found out in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quartapp.config.serving import Maker, maker

if TYPE_CHECKING:
    from pathlib import Path

PROBE = """
from quartapp.config.serving import maker

def create_app():
    raise SystemExit(f"made by {maker(None).name}")
"""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["-m", "quart", "--app", "probe", "run"], "DEVELOPMENT_SERVER"),
        (["-m", "quart", "--app", "probe", "routes"], "COMMAND"),
        (["-m", "hypercorn", "-w", "0", "probe:create_app()"], "SERVER"),
        (["-c", "import probe; probe.create_app()"], "SERVER"),
    ],
)
def test_the_maker_is_recognised(tmp_path: Path, command: list[str], expected: str) -> None:
    (tmp_path / "probe.py").write_text(PROBE)

    ended = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr.splitlines()[-1] == f"made by {expected}"


@pytest.mark.parametrize(
    ("told", "expected"), [(True, Maker.DEVELOPMENT_SERVER), (False, Maker.COMMAND)]
)
def test_a_maker_that_says_who_it_is_is_believed(told: bool, expected: Maker) -> None:
    assert maker(told) is expected
