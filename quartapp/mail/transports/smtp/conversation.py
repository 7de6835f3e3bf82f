"""How commands are said to a server and its replies are heard: one by one, or many at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import aiosmtplib

from quartapp.mail.lines import plain

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from aiosmtplib.response import SMTPResponse

__all__ = ["Asked", "Conversation", "Trace", "understood"]

logger = logging.getLogger(__name__)


class Asked(Protocol):
    """Commands, and the replies to them as they are wanted."""

    async def next(self, yes: int = 2) -> SMTPResponse:
        """The reply to the next command; one that is neither yes nor no is a lost connection.

        yes
            The first digit of a reply that agrees.
        """
        ...

    async def skip(self) -> bool:
        """Be done with the rest; whether the server waits for a message all the same."""
        ...


class Conversation(Protocol):
    """Our side of a conversation with a server that knows us.

    overlaps
        Whether the next message may begin while the answer to a end of data is still to come.

    Everything that waits raises what the library raises for a lost connection, or `TimeoutError`.
    """

    overlaps: bool

    @property
    def is_open(self) -> bool:
        """Whether the server can be spoken to, as far as one can know without asking."""
        ...

    def ask(self, commands: Sequence[str]) -> Asked:
        """Say these commands, in this order."""
        ...

    def listening(self) -> AbstractAsyncContextManager[asyncio.Future[SMTPResponse]]:
        """Hear the one reply that a message gets, from now on: it may interrupt the message."""
        ...

    async def write(self, piece: bytes) -> None:
        """Send a piece of a message, and wait until there is room for another."""
        ...

    async def heard(self, reply: asyncio.Future[SMTPResponse]) -> SMTPResponse:
        """Wait for what the server makes of a message."""
        ...

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        ...


class Trace:
    """The dialogue in the log where `MAIL_DEBUG` asks for it, without credentials and bodies."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on

    def said(self, command: str) -> None:
        """We said this."""
        if self._is_on:
            logger.info("> %s", command)

    def heard(self, reply: SMTPResponse) -> None:
        """The server said this."""
        if self._is_on:
            logger.info("< %s %s", reply.code, plain(reply.message))


def understood(reply: SMTPResponse, yes: int = 2) -> SMTPResponse:
    """The reply, where it is a yes or a no; raises what a lost connection raises otherwise."""
    if reply.code // 100 not in (yes, 4, 5):
        words = f"nonsense from the server: {reply.code} {reply.message}"
        raise aiosmtplib.SMTPServerDisconnected(words)
    return reply
