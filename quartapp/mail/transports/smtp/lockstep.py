"""Commands one by one, through the library: each waits for the answer to the one before."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import aiosmtplib

from quartapp.mail.transports.smtp.conversation import Trace, understood

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from aiosmtplib.protocol import SMTPProtocol
    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings

__all__ = ["LockStep"]

T = TypeVar("T")


class LockStep:
    """A talk with a server that announces no PIPELINING."""

    overlaps = False

    def __init__(self, client: aiosmtplib.SMTP, settings: MailSettings) -> None:
        self._client = client
        self._settings = settings
        self._trace = Trace(is_on=settings.debug)

    @property
    def is_open(self) -> bool:
        """Whether the library knows of no end of the connection."""
        return self._client.is_connected

    def ask(self, commands: Sequence[str]) -> Steps:
        """Have these commands ready; each is said when its reply is wanted."""
        return Steps(self, commands)

    async def command(self, command: str) -> SMTPResponse:
        """Say one command and return the reply."""
        if self._protocol._buffer:
            raise aiosmtplib.SMTPServerDisconnected("the server said more than it was asked")
        self._trace.said(command)
        reply = await self._in_time(self._client.execute_command(command.encode()))
        self._trace.heard(reply)
        return reply

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Future[SMTPResponse]]:
        """Hear the one reply that a message gets, from now on."""
        reply = asyncio.create_task(self._protocol.read_response(), name="mail: reply")
        # It must listen before anything is written: a reply that nobody waits for is thrown away,
        # and uvloop reads from sockets before it starts tasks.
        await asyncio.sleep(0)
        try:
            yield reply
        finally:
            reply.cancel()
            await asyncio.wait([reply])
            if not reply.cancelled():
                reply.exception()

    async def write(self, piece: bytes) -> None:
        """Send a piece of a message."""
        await self._in_time(self._write(piece))

    async def heard(self, reply: asyncio.Future[SMTPResponse]) -> SMTPResponse:
        """Wait for what the server makes of a message."""
        async with asyncio.timeout(self._settings.data_timeout):
            answer = await reply
        self._trace.heard(answer)
        return understood(answer)

    def abort(self) -> None:
        """Cut the connection."""
        self._client.close()

    async def _in_time(self, act: Awaitable[T]) -> T:
        """Do one thing within the command timeout.

        The library's own timeout is off: on Python 3.11 it may swallow a cancellation.
        """
        async with asyncio.timeout(self._settings.timeout):
            return await act

    async def _write(self, piece: bytes) -> None:
        protocol = self._protocol
        protocol.write(piece)
        # The library writes without waiting; only this keeps a large message out of memory.
        await protocol._drain_helper()

    @property
    def _protocol(self) -> SMTPProtocol:
        protocol = self._client.protocol
        if protocol is None or not self.is_open:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        return protocol


class Steps:
    """Commands that are said one after the other."""

    def __init__(self, conversation: LockStep, commands: Sequence[str]) -> None:
        self._conversation = conversation
        self._commands = deque(commands)

    async def next(self, yes: int = 2) -> SMTPResponse:
        """Say the next command and hear the reply to it."""
        return understood(await self._conversation.command(self._commands.popleft()), yes)

    async def skip(self) -> bool:
        """Say none of the rest."""
        return False
