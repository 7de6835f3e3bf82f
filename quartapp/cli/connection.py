"""One connection of a browser: hypercorn serves it, and we see how long it has been silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypercorn.protocol.h2 import H2Protocol

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from hypercorn.asyncio.tcp_server import TCPServer

__all__ = ["ClientConnection"]

READ_AHEAD = 2**16

ENDING = -1

TLS_CLOSE = 5.0
"""How long the other side may take to confirm the end of TLS, in seconds."""


class ClientConnection:
    """A socket that was accepted; awaited until it is closed.

    Only what nobody answers counts as silence: a client that sends a header byte by byte, pings, or
    says nothing at all gets no further than one that has nothing to ask.

    serve
        Makes hypercorn's server of one connection.
    now
        Seconds on the event loop's clock.

    is_left
        Whether both sides had done with it at the last two looks.
    """

    def __init__(
        self,
        accepted: socket.socket,
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], TCPServer],
        now: float,
    ) -> None:
        self._accepted = accepted
        self._serve = serve
        self._is_taken = self._is_tls = False
        self._server: TCPServer | None = None
        self._transport: asyncio.Transport | None = None  # uvloop's is no subclass of it
        self._seen = (0, True)
        self._reader: asyncio.StreamReader | None = None
        self._unsent = 0
        self._was_over = False
        self.is_left = False
        self.silent_since = now
        self.stuck_since = now

    async def run(self, tls: ssl.SSLContext | None, handshake: float) -> None:
        """Serve it to its end.

        handshake
            How long the TLS handshake may take, in seconds.
        """
        loop = asyncio.get_running_loop()
        reader = self._reader = asyncio.StreamReader(READ_AHEAD, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        times = {"ssl_handshake_timeout": handshake, "ssl_shutdown_timeout": TLS_CLOSE}
        self._is_taken, self._is_tls = True, tls is not None
        self._transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, self._accepted, ssl=tls, **(times if tls else {})
        )
        writer = asyncio.StreamWriter(self._transport, protocol, reader, loop)
        self._server = self._serve(reader, writer)
        await self._server

    @property
    def is_silent(self) -> bool:
        """Whether no request is being answered. hypercorn's own timer forgets some of these."""
        wrapper = getattr(self._server, "protocol", None)
        if wrapper is None:
            return True
        inner = wrapper.protocol
        return inner.idle if isinstance(inner, H2Protocol) else inner.stream is None

    def look(self, now: float) -> None:
        """See whether anything has happened since the last look."""
        wrapper = getattr(self._server, "protocol", None)
        requests = wrapper.protocol.keep_alive_requests if wrapper else 0
        seen = (requests, self.is_silent)
        if seen != self._seen or not self.is_silent:
            self._seen, self.silent_since = seen, now
        unsent = self._bytes_unsent()
        if unsent != self._unsent or not unsent:
            self._unsent, self.stuck_since = unsent, now
        is_over = self.is_silent and (unsent == ENDING or (self._has_ended() and not unsent))
        self.is_left, self._was_over = is_over and self._was_over, is_over

    def cut(self) -> None:
        """Close it at once, whatever is still to be said."""
        transport = self._transport
        if transport is None:
            return
        if self._is_tls or transport.get_write_buffer_size():
            transport.abort()  # a farewell would have to be waited for
        else:
            transport.close()

    @property
    def is_served(self) -> bool:
        """Whether it is open, and hypercorn's."""
        return self._server is not None

    async def stop_timer(self) -> None:
        """Stop hypercorn's own timer, to the end of which it waits whatever has become of it."""
        if self._server is not None:
            await self._server.idle_task.stop()

    def discard(self) -> None:
        """Close what was accepted and never served; else the event loop closes it."""
        if not self._is_taken:
            self._accepted.close()

    def _has_ended(self) -> bool:
        """Whether the client has closed it, for which hypercorn would wait as for any silence."""
        return self._reader is not None and self._reader.at_eof()

    def _bytes_unsent(self) -> int:
        """What the client has not taken, or `ENDING` where only the end is to be confirmed."""
        if self._transport is None:
            return 0
        if self._is_tls and self._transport.is_closing():
            return ENDING  # asyncio's has no buffer to ask for any more
        unsent = self._transport.get_write_buffer_size()
        return ENDING if not unsent and self._transport.is_closing() else unsent
