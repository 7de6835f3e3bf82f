"""Commands to a server and its replies: pipelined (RFC 2920), or one at a time."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports.smtp.mask import Mask
from quartapp.mail.transports.smtp.stream import ClientStream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings

    Write = Callable[[Sequence[str]], list[asyncio.Future[SMTPResponse]]]

__all__ = ["Conversation", "PendingReplies"]

logger = logging.getLogger(__name__)

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Conversation:
    """The client's side of a conversation, over a connection that is ours alone.

    is_pipelined
        Whether the server announced PIPELINING: then commands go out at once, and the next message
        may begin while the reply to an end of data is still to come.

    Everything that waits raises what the library raises for a lost connection, or `TimeoutError`.
    """

    def __init__(
        self, transport: asyncio.Transport, settings: MailSettings, *, is_pipelined: bool
    ) -> None:
        self.is_pipelined = is_pipelined
        self._transport = transport
        self._stream = ClientStream(transport, Mask(settings))
        self._settings = settings
        self._trace = Trace(is_on=bool(settings.debug))

    @property
    def is_open(self) -> bool:
        """Whether the server can be reached, as far as one can know without asking."""
        return self._stream.is_open

    def ask(self, commands: Sequence[str]) -> PendingReplies:
        """Send these commands, in this order. Raises `ValueError` for one that would be two."""
        for command in commands:
            if CONTROL.search(command):
                raise ValueError(f"a command must not hold control characters: {command!r}")
        if self.is_pipelined:
            return PendingReplies(self._send(commands), self._settings.timeout, self._trace)
        return OneAtATime(self._send, commands, self._settings.timeout, self._trace)

    def expect(self) -> asyncio.Future[SMTPResponse]:
        """The next reply, whichever command it answers."""
        return self._stream.expect()

    async def write(self, piece: bytes) -> None:
        """Send a piece of a message, and wait until there is room for another."""
        self._stream.write(piece)
        if not self._stream.has_room:
            async with asyncio.timeout(self._settings.timeout):
                await self._stream.wait_for_room()

    async def reply_to_data(self, reply: asyncio.Future[SMTPResponse]) -> SMTPResponse:
        """Wait for the reply to a message."""
        async with asyncio.timeout(self._settings.data_timeout):
            answer = await reply
        self._trace.received(answer)
        return understood(answer)

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        self._stream.close("the connection was cut")
        self._transport.abort()

    def _send(self, commands: Sequence[str]) -> list[asyncio.Future[SMTPResponse]]:
        for command in commands:
            self._trace.sent(command)
        replies = [self._stream.expect() for _ in commands]
        self._stream.write("\r\n".join([*commands, ""]).encode())
        return replies


class PendingReplies:
    """The replies to commands that were sent at once."""

    def __init__(
        self, replies: list[asyncio.Future[SMTPResponse]], timeout: float, trace: Trace
    ) -> None:
        self._replies = deque(replies)
        self._timeout = timeout
        self._trace = trace

    async def next(self, yes: int = 2) -> SMTPResponse:
        """The reply to the next command; one that is neither yes nor no is a lost connection.

        yes
            The first digit of a reply that agrees.
        """
        return understood(await self._next(), yes)

    async def skip(self) -> bool:
        """Be done with the rest; whether the server waits for a message all the same."""
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
        self._trace.received(answer)
        return answer


class OneAtATime(PendingReplies):
    """The same for a server without PIPELINING: each command waits for the reply before it."""

    def __init__(self, send: Write, commands: Sequence[str], timeout: float, trace: Trace) -> None:
        super().__init__([], timeout, trace)
        self._send = send
        self._commands = deque(commands)

    async def next(self, yes: int = 2) -> SMTPResponse:
        """Send the next command and wait for its reply."""
        self._replies.extend(self._send([self._commands.popleft()]))
        return await super().next(yes)


class Trace:
    """The dialogue in the log where `MAIL_DEBUG` asks for it, without credentials and bodies."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on

    def sent(self, command: str) -> None:
        """Log what we sent."""
        if self._is_on:
            logger.info("> %s", command)

    def received(self, reply: SMTPResponse) -> None:
        """Log what the server replied."""
        if self._is_on:
            logger.info("< %s %s", reply.code, plain(reply.message))


def understood(reply: SMTPResponse, yes: int = 2) -> SMTPResponse:
    """The reply, where it is a yes or a no; raises what a lost connection raises otherwise."""
    if reply.code // 100 not in (yes, 4, 5):
        words = f"an unexpected reply: {reply.code} {reply.message}"
        raise aiosmtplib.SMTPServerDisconnected(words)
    return reply
