"""What a test server received, and how a test waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.smtpd.received import ReceivedMessage
    from quartapp.mail.smtpd.script import Phase

__all__ = ["Login", "Record"]

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Login:
    """One login."""

    username: str
    succeeded: bool


@dataclass(slots=True)
class Record:
    """Everything that happened at one server, in order."""

    messages: list[ReceivedMessage] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)
    phases: Counter[Phase] = field(default_factory=Counter)
    connections: int = 0
    open_connections: int = 0
    max_open_connections: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self) -> int:
        """Count a connection; its number."""
        self.connections += 1
        self.open_connections += 1
        self.max_open_connections = max(self.max_open_connections, self.open_connections)
        self._notify()
        return self.connections

    def closed(self) -> None:
        """Count a connection's end."""
        self.open_connections -= 1
        self._notify()

    def reached(self, phase: Phase) -> None:
        """Count a phase."""
        self.phases[phase] += 1
        self._notify()

    def accepted(self, message: ReceivedMessage) -> None:
        """Store a message."""
        self.messages.append(message)
        self._notify()

    async def until(self, happened: Callable[[], bool], awaited: str, timeout: float) -> None:
        """Wait until something has happened.

        Raises `TimeoutError` after `timeout` seconds, saying what happened instead.
        """
        try:
            async with asyncio.timeout(timeout):
                while not happened():
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"{awaited} was not seen within {timeout:g} s; {self}") from None

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def counts(self) -> str:
        """The numbers, in one line."""
        return (
            f"messages: {len(self.messages)}, connections: {self.connections}, "
            f"of them open: {self.open_connections}"
        )

    def __str__(self) -> str:
        commands = "".join(f"\n  {line}" for line in self.transcript[-SHOWN:])
        return f"{self.counts}; last commands:{commands or ' none'}"
