"""A command as a person starts it: a real process, and what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from signal import Signals

__all__ = ["Process", "installed", "run"]

PATIENCE = 30.0
"""How long a command may take to end, in seconds."""


def installed(script: str) -> str:
    """Find a command beside the running Python."""
    return str(Path(sys.executable).with_name(script))


def run(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with something on its stdin."""
    return subprocess.run(
        command,
        input=given,
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Process:
    """A command that goes on until it is stopped; to be closed."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._said: list[str] = []

    def says(self, pattern: str) -> str:
        """Wait for a line that matches, and return the first group of it."""
        for line in self._lines():
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"it ended without saying {pattern!r}, but {''.join(self._said)}")

    def send(self, number: Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def stop(self, number: Signals) -> tuple[int, str]:
        """Send a signal and wait for the end: the exit code, and everything it said."""
        self.send(number)
        code = self._process.wait(PATIENCE)
        list(self._lines())
        return code, "".join(self._said)

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.append(line)
            yield line
