"""Who makes the app: found out in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quartapp.config.serving import Maker, is_loopback, maker

if TYPE_CHECKING:
    from pathlib import Path

PROBE = """
from quartapp.config.serving import maker, serves_this_machine

def create_app():
    reached = "this machine" if serves_this_machine() else "anywhere"
    raise SystemExit(f"made by {maker(None).name}, reached from {reached}")
"""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["-m", "quart", "--app", "probe", "run"],
            "DEVELOPMENT_SERVER, reached from this machine",
        ),
        (
            ["-m", "quart", "--app", "probe", "run", "--host", "0.0.0.0"],  # noqa: S104
            "DEVELOPMENT_SERVER, reached from anywhere",
        ),
        (["-m", "quart", "--app", "probe", "routes"], "COMMAND, reached from anywhere"),
        (
            ["-m", "hypercorn", "-w", "0", "probe:create_app()"],
            "SERVER, reached from anywhere",
        ),
        (["-c", "import probe; probe.create_app()"], "SERVER, reached from anywhere"),
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


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - bound nowhere
        ("::", False),
        ("192.0.2.1", False),
        ("app.example", False),
        ("", False),
    ],
)
def test_only_loopback_is_for_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
