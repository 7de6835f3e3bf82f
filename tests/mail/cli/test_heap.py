"""The heap of a process that serves: what was loaded is not looked through again."""

import subprocess
import sys

import pytest

SETTLED = "import gc; print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0] == 10_000)"


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
