"""A person at a terminal: a real process on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import re
import select
import subprocess
import termios
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 30.0
"""How long the screen may stay as it is while something is waited for, in seconds."""


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

    def enter(self, line: str) -> None:
        """Wait for a prompt, and type a line."""
        self.see(r"(>>>|\.\.\.) ")
        self.type(line + "\r")

    def see(self, pattern: str) -> str:
        """Wait until the screen shows this, and take everything up to it off the screen."""
        while not (found := re.search(pattern, self.screen)):
            ready, _, _ = select.select([self._master], [], [], PATIENCE)
            assert ready, f"waited for {pattern!r}, the screen shows {self.screen!r}"
            self.screen += os.read(self._master, 4096).decode()
        seen, self.screen = self.screen[: found.end()], self.screen[found.end() :]
        return seen

    def end(self) -> int:
        """Wait for the command to end, and return its exit code."""
        return self.process.wait(PATIENCE)
