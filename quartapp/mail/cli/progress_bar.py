"""The progress bar of `quartapp mail work`: the last line of a terminal, below what is logged."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from quartapp.mail.cli.backlog import Backlog
from quartapp.mail.errors import OutboxUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import TextIO

    from quartapp.mail.service import MailService

__all__ = ["progress_bar"]

LEAST = 50
"""Messages that are a backlog; fewer are gone before anybody has read the line."""

PAUSE = 0.5
"""Seconds between two looks at the outbox."""


@asynccontextmanager
async def progress_bar(service: MailService) -> AsyncIterator[None]:
    """Show how each backlog drains meanwhile, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with _last_line() as line:
        watching = asyncio.create_task(_watch(service, line), name="progress bar")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _watch(service: MailService, line: LastLine) -> None:
    """Look again and again; a database that is away at the moment does not end it."""
    while True:
        with suppress(OutboxUnavailable):
            if await service.report.due() >= LEAST:
                await _drain(service, line)
        await asyncio.sleep(PAUSE)


async def _drain(service: MailService, line: LastLine) -> None:
    """Show one backlog, until nothing is due and nothing more is attempted."""
    started, attempted = time.monotonic(), 0

    def count(_attempt: object) -> None:
        nonlocal attempted
        attempted += 1

    with service.publisher.tried.connected_to(count):
        before = -1
        while (due := await service.report.due()) or attempted != before:
            before = attempted
            line.show(Backlog(attempted, due, time.monotonic() - started).line(_room()))
            await asyncio.sleep(PAUSE)
    line.end(Backlog(attempted, 0, time.monotonic() - started).end())


def _room() -> int:
    # A terminal may go on to the next line as soon as the last column is written.
    return shutil.get_terminal_size().columns - 1


@contextmanager
def _last_line() -> Iterator[LastLine]:
    """Stderr with a last line of its own."""
    stderr = sys.stderr
    line = LastLine(stderr)
    sys.stderr = line  # the terminal in all but `write`
    try:
        yield line
    finally:
        sys.stderr = stderr
        line.show("")


class LastLine:
    """A terminal on which what others write stays above a line that changes."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._text = ""
        self._is_up = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)

    def write(self, text: str) -> int:
        """Write what is not ours; the line moves below it as soon as it has ended."""
        erased = self._erased()
        self._is_up = bool(self._text) and text.endswith("\n")
        self._terminal.write(erased + text + (self._text if self._is_up else ""))
        return len(text)

    def show(self, text: str) -> None:
        """Show this instead."""
        erased = self._erased()
        self._text, self._is_up = text, bool(text)
        self._terminal.write(erased + text)
        self._terminal.flush()

    def end(self, text: str) -> None:
        """Show this, and leave it."""
        self.show("")
        self.write(f"{text}\n")

    def _erased(self) -> str:
        return f"\r{' ' * len(self._text)}\r" if self._is_up else ""
