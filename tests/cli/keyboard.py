"""A person at a terminal: a real process on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 30.0
"""How long the screen may take to show what is waited for, in seconds."""


class Keyboard:
    """Types into a command and reads its screen.

    Used with `with`, which ends the command.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "dumb"},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.screen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, keys: str) -> None:
        """Press these keys; a line ends with a carriage return."""
        os.write(self._master, keys.encode())

    def see(self, text: str) -> str:
        """Wait until the screen shows a text, and take everything up to it off the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"waited for {text!r}, the screen shows {self.screen!r}"
            self.screen += os.read(self._master, 4096).decode()
        seen, _, self.screen = self.screen.partition(text)
        return seen

    def end(self) -> int:
        """Wait for the command to end, and return its exit code."""
        return self.process.wait(PATIENCE)
