"""A server that says exactly what it is told to, for what a well-behaved one never says."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Dialogue", "b64", "unb64"]


def b64(text: str) -> str:
    """A text as AUTH sends it."""
    return base64.b64encode(text.encode()).decode()


def unb64(text: str) -> str:
    """What AUTH sent."""
    return base64.b64decode(text).decode()


class Dialogue:
    """Offers these mechanisms, then gives one reply after the other.

    replies
        Text, or functions that make it of what the client sent.
    lines
        What the client sent after EHLO.
    """

    def __init__(self, mechanisms: str, *replies: str | Callable[[str], str]) -> None:
        self.lines: list[str] = []
        self.host, self.port = "127.0.0.1", 0
        self._mechanisms = mechanisms
        self._replies = replies
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Dialogue]:
        """Serve on a free port until the block ends."""
        async with await asyncio.start_server(self._begin, self.host, 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                await asyncio.gather(*self._tasks)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(b"220 hello\r\n")
            await reader.readline()
            writer.write(f"250-hello\r\n250 AUTH {self._mechanisms}\r\n".encode())
            for reply in self._replies:
                line = (await reader.readline()).decode()
                if not line:
                    break
                self.lines.append(line.rstrip("\r\n"))
                said = reply if isinstance(reply, str) else reply(self.lines[-1])
                writer.write(f"{said}\r\n".encode())
            await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
