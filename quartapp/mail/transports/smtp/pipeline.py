"""Commands in one write, their answers as they come (RFC 2920)."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quartapp.mail.transports.smtp.conversation import Trace, understood
from quartapp.mail.transports.smtp.stream import ClientStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings

__all__ = ["Pipeline"]

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Pipeline:
    """A talk with a server that announces PIPELINING, over a connection that is ours alone."""

    overlaps = True

    def __init__(self, transport: asyncio.Transport, settings: MailSettings) -> None:
        self._transport = transport
        self._stream = ClientStream(transport)
        self._settings = settings
        self._trace = Trace(is_on=settings.debug)

    @property
    def is_open(self) -> bool:
        """Whether the server can be spoken to."""
        return self._stream.is_open

    def ask(self, commands: Sequence[str]) -> PendingReplies:
        """Say these commands at once. Raises `ValueError` for one that would be two."""
        for command in commands:
            if CONTROL.search(command):
                raise ValueError(f"a command must not hold control characters: {command!r}")
            self._trace.said(command)
        octets = "\r\n".join([*commands, ""]).encode()
        group = PendingReplies(
            [self._stream.expect() for _ in commands], self._settings.timeout, self._trace
        )
        self._stream.write(octets)
        return group

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Future[SMTPResponse]]:
        """The reply that comes next, whoever waits for it."""
        yield self._stream.expect()

    async def write(self, piece: bytes) -> None:
        """Send a piece of a message."""
        self._stream.write(piece)
        if not self._stream.has_room:
            async with asyncio.timeout(self._settings.timeout):
                await self._stream.wait_for_room()

    async def heard(self, reply: asyncio.Future[SMTPResponse]) -> SMTPResponse:
        """Wait for what the server makes of a message."""
        async with asyncio.timeout(self._settings.data_timeout):
            answer = await reply
        self._trace.heard(answer)
        return understood(answer)

    def abort(self) -> None:
        """Cut the connection."""
        self._stream.close("the connection was cut")
        self._transport.abort()


class PendingReplies:
    """Commands that were said at once, and the replies that are to come."""

    def __init__(
        self, replies: list[asyncio.Future[SMTPResponse]], timeout: float, trace: Trace
    ) -> None:
        self._replies = deque(replies)
        self._timeout = timeout
        self._trace = trace

    async def next(self, yes: int = 2) -> SMTPResponse:
        """Hear the reply to the next command."""
        return understood(await self._next(), yes)

    async def skip(self) -> bool:
        """Hear the rest; whether the last of them, to DATA, was a yes."""
        code = 0
        while self._replies:
            code = (await self._next()).code
        return code // 100 == 3

    async def _next(self) -> SMTPResponse:
        reply = self._replies.popleft()
        if not reply.done():
            async with asyncio.timeout(self._timeout):
                await reply
        answer = reply.result()
        self._trace.heard(answer)
        return answer
