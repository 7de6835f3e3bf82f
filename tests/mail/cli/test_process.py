"""Processes that go on: they take uvloop's event loop where it is installed, and settle the heap.

A module of that name stands in for uvloop: the tests' other processes are to have asyncio's loop.
"""

from __future__ import annotations

import subprocess
import sys
from signal import SIGTERM

import pytest

UVLOOP = """
import asyncio, gc

class Loop(asyncio.SelectorEventLoop):
    def close(self):
        print("uvloop's loop ends; settled:", gc.get_threshold()[0] == 10_000, flush=True)
        super().close()

new_event_loop = Loop
"""

SETTLED = "import gc; print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0] == 10_000)"


@pytest.mark.parametrize(
    ("command", "ready"),
    [
        pytest.param(("run", "--port", "0"), r"(Mailbox: )", id="run"),
        pytest.param(("mail", "work"), r"(delivers messages)", id="mail work"),
    ],
)
def test_a_process_that_goes_on_takes_uvloop_where_it_is_installed(start, tmp_path, command, ready):
    folder = tmp_path / "fast"
    folder.mkdir()
    (folder / "uvloop.py").write_text(UVLOOP)
    process = start("quartapp", *command, PYTHONPATH=str(folder))
    process.says(ready)

    code, said = process.stop(SIGTERM)

    assert (code, "uvloop's loop ends; settled: True" in said) == (0, True), said


@pytest.mark.parametrize("module", ["quartapp.asgi", "quartapp"])
def test_importing_the_served_app_settles_the_heap_and_importing_the_package_leaves_it(
    module, tmp_path
):
    """Another program's garbage collector is that program's own business."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}; {SETTLED}"],
        env={"QUARTAPP_INSTANCE": str(tmp_path), "QUARTAPP_ENV": "development"},
        capture_output=True,
        text=True,
        check=True,
    )

    served = module == "quartapp.asgi"
    assert done.stdout.split() == [str(served), str(served)]
