"""Commands as real processes, in an environment of their own, that tests signal and kill."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.crash.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.forks import Nursery

__all__ = ["Command"]


class Command:
    """One running command, and the group of processes that it leads."""

    def __init__(self, nursery: Nursery, pid: int, output: Path) -> None:
        self.code: int | None = None
        self._nursery = nursery
        self.pid = pid
        self._output = output
        self._heard = 0

    @property
    def said(self) -> str:
        """Everything it has said so far."""
        return self._output.read_text() if self._output.exists() else ""

    async def says(self, pattern: str) -> str:
        """Wait for a line that matches, after the one found before; the first group of it.

        Raises `AssertionError` with what it said instead when it ends.
        """

        async def heard() -> re.Match[str] | None:
            has_ended = self.is_over()
            found = re.compile(pattern).search(self.said, self._heard)
            assert found or not has_ended, f"it ended with {self.code}: {self.said}"
            return found

        found = await until(heard, lambda: f"{pattern!r} said; it said {self.said!r}")
        self._heard = found.end()
        return found[1]

    def is_over(self) -> bool:
        """Whether it has ended."""
        if self.code is None:
            self.code = self._nursery.ended(self.pid)
        return self.code is not None

    async def end(self) -> int:
        """Wait until it has ended; its exit code, as `subprocess` tells it."""

        async def over() -> bool:
            return self.is_over()

        await until(over, lambda: f"the end; it said {self.said!r}")
        assert self.code is not None
        return self.code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def kill(self) -> None:
        """End it and all that it has started as a power failure would, and wait for that."""
        self.send_to_group(signal.SIGKILL)
        await self.end()
