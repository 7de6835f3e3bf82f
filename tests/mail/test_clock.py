"""The clock of leases, which goes on while the machine sleeps."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLEPT = 100_000

# In a time namespace of its own, where the machine seems to have slept for so long.
ASLEEP = ["unshare", "--time", "--boottime", str(SLEPT), "--fork"]
QUESTION = """
import time
from quartapp.mail.clock import SystemClock
print(SystemClock().elapsed() - time.monotonic())
"""


def test_4_a_lease_goes_on_while_the_machine_sleeps() -> None:
    asked = subprocess.run(
        [*ASLEEP, sys.executable, "-c", QUESTION], capture_output=True, text=True, check=False
    )
    if "unshare" in asked.stderr:
        pytest.skip(f"no clock can be moved here: {asked.stderr.strip()}")

    assert float(asked.stdout) >= SLEPT - 1
