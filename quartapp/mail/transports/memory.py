"""A way to nowhere: accepts every message and keeps it in a list."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quartapp.mail.transports import Answer, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports import BeforeEndOfData

__all__ = ["MemoryTransport"]


class MemoryTransport:
    """Keeps the contract of a transport without a server.

    reply
        What it says to each recipient.
    """

    def __init__(self, reply: str = "kept in memory") -> None:
        self.reply = reply
        self.messages: list[tuple[Envelope, bytes]] = []

    @asynccontextmanager
    async def session(self, *, is_exclusive: bool = False) -> AsyncIterator[MemoryTransport]:
        """Itself: there is nothing to connect to."""
        yield self

    async def send(
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Keep the message and accept it for every recipient."""
        if before_end_of_data is not None:
            await before_end_of_data()
        self.messages.append((envelope, content))
        answer = Answer(Result.ACCEPTED, 250, self.reply)
        return Outcome(dict.fromkeys(envelope.recipients, answer), note=self.reply)

    async def close(self) -> None:
        """Nothing to let go of."""
