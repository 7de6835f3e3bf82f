"""A far server: a proxy that delays each direction by half of a round trip and limits nothing.

`python -m benchmarks.proxy PORT TARGET_PORT RTT`, the round trip in seconds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import free_port, running, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["far"]


@contextmanager
def far(port: int, rtt: float) -> Iterator[int]:
    """A port from which the other one is that many seconds away and back."""
    ours = free_port()
    command = [sys.executable, "-m", "benchmarks.proxy", str(ours), str(port), str(rtt)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with running(command, output) as process:
            wait_for_port(ours, process, output)
            yield ours


class Near(asyncio.Protocol):
    """The client's side. What arrives before the other side is there is sent when it is."""

    def __init__(self, target_port: int, delay: float) -> None:
        self._target_port = target_port
        self._delay = delay
        self._far: asyncio.Task[Far] | None = None

    def connection_made(self, transport: Any) -> None:
        """Call the server, as late as a client's first packet would reach it."""
        self._far = asyncio.create_task(self._connect(transport))

    def data_received(self, data: bytes) -> None:
        """Pass it on, later."""
        asyncio.get_running_loop().call_later(self._delay, self._pass_on, data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Hang up on the server, later."""
        asyncio.get_running_loop().call_later(self._delay, self._pass_on, None)

    async def _connect(self, transport: asyncio.Transport) -> Far:
        # A new connection costs one round trip before the server can speak.
        await asyncio.sleep(self._delay * 2)
        _, far = await asyncio.get_running_loop().create_connection(
            lambda: Far(transport, self._delay), "127.0.0.1", self._target_port
        )
        return far

    def _pass_on(self, data: bytes | None) -> None:
        if self._far is None:
            raise RuntimeError("data came before the connection")
        self._far.add_done_callback(lambda task: task.result().send(data))


class Far(asyncio.Protocol):
    """The server's side."""

    def __init__(self, client: asyncio.Transport, delay: float) -> None:
        self._client = client
        self._delay = delay

    def connection_made(self, transport: Any) -> None:
        """Remember whom to write to."""
        self._server = transport

    def data_received(self, data: bytes) -> None:
        """Pass it on, later."""
        asyncio.get_running_loop().call_later(self._delay, self._client.write, data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Hang up on the client, later."""
        asyncio.get_running_loop().call_later(self._delay, self._client.close)

    def send(self, data: bytes | None) -> None:
        """Write to the server, or hang up."""
        if data is None:
            self._server.close()
        else:
            self._server.write(data)


async def main(port: int, target_port: int, rtt: float) -> None:
    """Serve until terminated."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Near(target_port, rtt / 2), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
