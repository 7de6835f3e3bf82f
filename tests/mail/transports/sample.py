"""Envelopes, bytes and clocks to try a transport with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.mail.message.encoding import Envelope

if TYPE_CHECKING:
    from quartapp.mail.transports import Outcome, Transport

ADA, BOB = "ada@example.com", "bob@example.com"
TO_BOB = Envelope(ADA, (BOB,))
TEA = b"Subject: Tea\r\nMessage-ID: <1@example.com>\r\n\r\nTea is at four.\r\n"


@dataclass
class Seconds:
    """A clock that goes when it is told to."""

    now: float = 0.0

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return self.now


async def send(transport: Transport, envelope: Envelope = TO_BOB, content: bytes = TEA) -> Outcome:
    """Send one message on a connection of its own."""
    async with transport.session() as session:
        return await session.send(envelope, content)
