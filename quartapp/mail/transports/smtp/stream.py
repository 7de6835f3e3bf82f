"""The client's byte stream: replies come in the order in which they were expected."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports.smtp.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtplib.response import SMTPResponse

__all__ = ["ClientStream"]


LITTLE = 16 * 1024
"""Bytes that may wait for more, to be written together."""


class ClientStream(asyncio.Protocol):
    """Takes a connection over from the library, which drops replies that come early.

    From the first error on, a reply that nobody expects or that is none, it is closed: every
    expected reply raises that the connection was lost.

    mask
        Takes our password out of what the server says.
    """

    def __init__(self, transport: asyncio.Transport, mask: Callable[[str], str] = str) -> None:
        self._transport = transport
        self._replies = Replies(mask)
        self._awaited: deque[asyncio.Future[SMTPResponse]] = deque()
        self._unsent: list[bytes] = []
        self._room: asyncio.Future[None] | None = None
        self._end: str | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether replies may still come."""
        return self._end is None and not self._transport.is_closing()

    def expect(self) -> asyncio.Future[SMTPResponse]:
        """The next reply that is not expected yet."""
        self._check()
        reply: asyncio.Future[SMTPResponse] = asyncio.get_running_loop().create_future()
        self._awaited.append(reply)
        return reply

    @property
    def has_room(self) -> bool:
        """Whether what was written does not accumulate in memory."""
        return self._room is None

    def write(self, data: bytes) -> None:
        """Send bytes. Raises `aiosmtplib.SMTPServerDisconnected` on a closed connection.

        A little is held back until the tasks that are ready have run: the next message's envelope
        then leaves in one write with the body before it.
        """
        self._check()
        self._unsent.append(data)
        if len(data) > LITTLE:
            self._flush()
        elif len(self._unsent) == 1:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._flush)

    async def wait_for_room(self) -> None:
        """Wait until what was written is under way."""
        if self._room is not None:
            await asyncio.shield(self._room)
        self._check()

    def close(self, why: str) -> None:
        """Send and receive nothing more; expected replies raise `why`."""
        if self._end is None:
            self._end = why
        for reply in self._awaited:
            if not reply.done():
                reply.set_exception(aiosmtplib.SMTPServerDisconnected(self._end))
                # It may never be awaited.
                reply.exception()
        self._awaited.clear()
        self.resume_writing()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self.is_open:
            self._transport.write(b"".join(unsent))

    def _check(self) -> None:
        if not self.is_open:
            raise aiosmtplib.SMTPServerDisconnected(self._end or "the connection was lost")

    def data_received(self, data: bytes) -> None:
        if self._end is not None:
            return
        try:
            for reply in self._replies.feed(data):
                if not self._awaited:
                    self.close("the server sent a reply to no command")
                    return
                awaited = self._awaited.popleft()
                # One whose sender was cancelled still has its place in the order.
                if not awaited.done():
                    awaited.set_result(reply)
        except aiosmtplib.SMTPServerDisconnected as error:
            self.close(str(error))

    def eof_received(self) -> None:
        self.close("the server closed it")

    def connection_lost(self, error: Exception | None) -> None:
        self.close(str(error or "the connection was lost"))

    def pause_writing(self) -> None:
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None
