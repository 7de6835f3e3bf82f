"""A sink of our own, for machines without Postfix: `python -m benchmarks.sink PORT DELAY`."""

from __future__ import annotations

import asyncio
import sys

GREETING = b"220 sink ESMTP\r\n"
EXTENSIONS = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
OK = b"250 2.0.0 Ok\r\n"
GO_AHEAD = b"354 End data with <CR><LF>.<CR><LF>\r\n"
BYE = b"221 2.0.0 Bye\r\n"
END = b"\r\n.\r\n"


class Sink:
    """Takes every message and prints how many it has taken, as `smtp-sink -c` does."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._taken = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client until it leaves."""
        writer.write(GREETING)
        try:
            while line := await reader.readline():
                writer.write(await self._answer(line[:4].upper(), reader, writer))
                if line[:4].upper() == b"QUIT":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, verb: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        if verb == b"QUIT":
            return BYE
        if verb == b"EHLO":
            return EXTENSIONS
        if verb == b"DATA":
            writer.write(GO_AHEAD)
            await reader.readuntil(END)
            await asyncio.sleep(self._delay)
            self._taken += 1
            print(f"mesg={self._taken}", flush=True)
        return OK


async def main(port: int, delay: float) -> None:
    """Serve until terminated."""
    sink = Sink(delay)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port, limit=2**26, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
