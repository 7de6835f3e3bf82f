"""One connection's bytes: lines and messages in, replies out, TLS in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl

__all__ = ["Hangup", "ServerStream"]

AHEAD = 64 * 1024
"""How many bytes are read ahead."""

LONGEST_LINE = 12 * 1024
"""More than the 12,288 octets of RFC 4954 section 4 for a line of credentials, less its verb."""

END = b"\r\n.\r\n"


class Hangup(Exception):
    """The conversation is over: the client disconnected, or the server is to disconnect."""


class ServerStream(asyncio.Protocol):
    """The server's end of one connection."""

    def __init__(self) -> None:
        self.is_encrypted = False
        self._buffer = bytearray()
        self._came = asyncio.Event()
        self._ended = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._use(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._came.set()
        if len(self._buffer) > AHEAD:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._ended.set()
        self._came.set()
        return not self.is_encrypted

    def connection_lost(self, _exc: Exception | None) -> None:
        self._ended.set()
        self._came.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def line(self) -> bytes:
        """The next line without its end. Raises `Hangup` at the end of input."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LONGEST_LINE:
                await self.send("500 5.5.2 Line too long")
                raise Hangup
            await self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def some(self) -> None:
        """Wait for the first bytes of what comes next. Raises `Hangup` at the end of input."""
        while not self._buffer:
            await self._more()

    async def message(self, limit: int) -> bytes | None:
        """The bytes up to the end of data, stuffing undone; None for more than `limit` bytes.

        Raises `Hangup` when the end of data never comes.
        """
        fits = True
        # With a line end before it, a message of no lines ends like any other.
        self._buffer[:0] = b"\r\n"
        looked = 0
        while (end := self._buffer.find(END, looked)) < 0:
            if len(self._buffer) > limit + len(END):
                fits = False
                del self._buffer[: -len(END)]
            looked = max(0, len(self._buffer) - len(END))
            await self._more()
        stuffed = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(END)]
        content = stuffed.replace(b"\r\n.", b"\r\n")[2:]
        return content if fits and len(content) <= limit else None

    async def send(self, reply: str) -> None:
        """Send a reply of one or more lines."""
        lines = reply.splitlines()
        self._transport.write(
            "".join(f"{line}\r\n" for line in lines).encode(errors="surrogateescape")
        )
        await self._writable.wait()

    async def hold(self, released: asyncio.Event, timeout: float | None = None) -> None:
        """Send nothing until released, or for `timeout` seconds.

        Raises `Hangup` when the client disconnects first. That goes unnoticed of one that has sent
        more than 64 KiB ahead: nothing is read meanwhile.
        """
        waits = [
            asyncio.create_task(event.wait(), name="a test server that stalls")
            for event in (released, self._ended)
        ]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if self._ended.is_set():
            raise Hangup

    async def secure(self, context: ssl.SSLContext) -> None:
        """Start TLS. What was sent in clear ahead of it is discarded (RFC 3207 section 4.2).

        Raises `Hangup` when the handshake fails.
        """
        self._buffer.clear()
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_side=True)
        except OSError as error:
            raise Hangup from error
        if transport is None:
            raise Hangup
        self._use(transport)
        self.is_encrypted = True

    async def cut(self) -> None:
        """Close the connection."""
        self._transport.abort()
        # The loop closes the socket in its next round; after it nothing is left to leak.
        await asyncio.sleep(0)

    def _use(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        # Not 0: under TLS that is taken to be reached before anything is written.
        transport.set_write_buffer_limits(high=1)

    async def _more(self) -> None:
        self._came.clear()
        if self._ended.is_set():
            raise Hangup
        self._transport.resume_reading()
        await self._came.wait()
