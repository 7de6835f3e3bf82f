"""A transport without a server: accepts every message and appends it to a list."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quartapp.mail.transports.breaker import Breaker
from quartapp.mail.transports.contract import Answer, Outcome, Result, TransportFigures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports.contract import BeforeEndOfData

__all__ = ["MemoryTransport"]


class MemoryTransport:
    """The contract of a transport, without a connection.

    reply
        The reply for each recipient.
    """

    def __init__(self, reply: str = "stored in memory") -> None:
        self.reply = reply
        self.breaker = Breaker()
        self.messages: list[tuple[Envelope, bytes]] = []
        self._busy = 0

    @property
    def figures(self) -> TransportFigures:
        """Its sessions; as many as are asked for."""
        return TransportFigures(self._busy, 0, 0, self._busy)

    @asynccontextmanager
    async def session(self, *, is_exclusive: bool = False) -> AsyncIterator[MemoryTransport]:
        """Itself: there is nothing to connect to."""
        self._busy += 1
        try:
            yield self
        finally:
            self._busy -= 1

    async def send(
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Append the message and accept it for every recipient."""
        if before_end_of_data is not None:
            await before_end_of_data()
        self.messages.append((envelope, content))
        answer = Answer(Result.ACCEPTED, 250, self.reply)
        return Outcome(dict.fromkeys(envelope.recipients, answer), note=self.reply)

    async def close(self) -> None:
        """Nothing to close."""
