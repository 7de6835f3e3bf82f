"""The connections of `quartapp run`: how many there may be, and how long one may be silent.

hypercorn has no limit for their number, and never closes an HTTP/2 connection that says nothing
after its preface. A process without a file descriptor to spare opens no database and no mail
server, so connections are accepted here, and each is then hypercorn's.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import random
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.utils import wrap_app

from quartapp.cli.connection import ClientConnection

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable

    from quartapp.cli.listening import Listening
    from quartapp.cli.served import Served

__all__ = ["Connections", "most_connections"]

logger = logging.getLogger(__name__)

RESERVED = 96
"""File descriptors for all else: listening sockets, the database, the log, connections to be."""

FEWEST, MOST = 8, 20_000

TELL_EVERY = 60.0
"""How often the log says that there is no room, in seconds."""

LOOK_EVERY = 1.0
"""How often silent connections are looked for, in seconds."""

LOOK_AGAIN = 0.1
"""The same while there is no room."""

FIRST_WORDS = 1.0
"""How long a client has to begin a request before another may take its place, in seconds."""

GRACE = 1.0
"""hypercorn's own timer comes first, and says goodbye."""

STUCK = 30.0

LAST_WORDS = 1.0
"""How long a request that is ended may take for its last words, in seconds."""


class Connections:
    """Accepts connections and serves them.

    served
        What answers requests.
    listening
        hypercorn's settings, and the sockets that listen.
    most
        How many there may be at once. One more takes the place of the one that has been silent for
        longest; where none is silent those after it wait.
    stuck
        How long a client may take nothing of what is sent to it, in seconds.
    """

    def __init__(
        self, served: Served, listening: Listening, most: int, *, stuck: float = STUCK
    ) -> None:
        self._stuck = stuck
        self._served = served
        self._listening = listening
        self._silence = listening.keep_alive_timeout + GRACE
        self._most = most
        self._open: dict[asyncio.Task[None], ClientConnection] = {}
        self._cut: set[asyncio.Task[None]] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        requests = listening.max_requests
        self._told_at = -math.inf
        jitter = random.randint(0, listening.max_requests_jitter)  # noqa: S311 - nobody's secret
        self._context = WorkerContext(None if requests is None else requests + jitter)
        self._app = wrap_app(served, listening.wsgi_max_body_size, "asgi")

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, stop: asyncio.Event) -> None:
        """Accept connections until told to stop, or until as many requests as were wanted."""
        settings = self._listening
        tls = settings.create_ssl_context() if settings.ssl_enabled else None
        sockets = settings.sockets
        tasks = [
            asyncio.create_task(self._watch(), name="connections: watch"),
            *self._accepting(sockets.secure_sockets, tls),
            *self._accepting(sockets.insecure_sockets, None),
        ]
        ends = [
            asyncio.create_task(stop.wait(), name="connections: stop"),
            asyncio.create_task(self._context.terminate.wait(), name="connections: used up"),
        ]
        try:
            await asyncio.wait([*tasks, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in [*tasks, *ends]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def end(self, patience: float) -> None:
        """Close the silent ones, and the others when they are answered or patience has ended."""
        sockets = self._listening.sockets
        for sock in [*sockets.secure_sockets, *sockets.insecure_sockets]:
            sock.close()
        await self._context.terminated.set()
        for task, connection in list(self._open.items()):
            if connection.is_silent:
                self._end(task)
        await self._wait(patience)
        self._served.cancel()
        await self._wait(LAST_WORDS)
        for task in list(self._open):
            self._end(task)
        await self._wait(LAST_WORDS)
        for task in self._open:
            task.cancel()
        await self._wait(LAST_WORDS)

    async def _wait(self, timeout: float) -> None:
        if self._open:
            await asyncio.wait(list(self._open), timeout=timeout)

    def _accepting(
        self, sockets: Iterable[socket.socket], tls: ssl.SSLContext | None
    ) -> list[asyncio.Task[None]]:
        return [
            asyncio.create_task(self._accept(sock, tls), name="connections: accept")
            for sock in sockets
        ]

    async def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # the client has left already
            except OSError as error:
                logger.error("No connection can be accepted: %s", error)
                self._cut_one()
                await asyncio.sleep(LOOK_EVERY)
                continue
            self._begin(accepted, tls)
            await self._room()

    async def _room(self) -> None:
        """Make room for the newest, or wait until there is some, before another is accepted."""
        while len(self._open) > self._most:
            self._ended.clear()
            self._cut_one()
            self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._ended.wait()

    def _cut_one(self) -> None:
        """End the one that has been silent for longest, and for long enough to begin a request."""
        since = asyncio.get_running_loop().time() - FIRST_WORDS
        silent = [
            (connection.silent_since, number, task)
            for number, (task, connection) in enumerate(self._open.items())
            if connection.is_silent and connection.silent_since < since and task not in self._cut
        ]
        if silent:
            self._end(min(silent)[-1])

    def _begin(self, accepted: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        serve = partial(TCPServer, self._app, loop, self._listening, self._context, {})
        connection = ClientConnection(accepted, serve, loop.time())
        running = self._run(connection, tls)
        task = loop.create_task(running, name="connection", context=contextvars.Context())
        self._open[task] = connection
        task.add_done_callback(self._forget)

    async def _run(self, connection: ClientConnection, tls: ssl.SSLContext | None) -> None:
        try:
            await connection.run(tls, self._listening.ssl_handshake_timeout)
        except OSError:
            pass  # it was lost, or there is no TLS with it
        except Exception:
            logger.exception("A connection ended with an error")
        finally:
            connection.cut()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._open.pop(task).discard()
        self._cut.discard(task)
        self._ended.set()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = loop.time()
            for task, connection in list(self._open.items()):
                connection.look(now)
                is_silent = now - connection.silent_since > self._silence
                if is_silent or connection.is_left or now - connection.stuck_since > self._stuck:
                    self._end(task)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._cut.add(task)
        connection = self._open[task]
        if not connection.is_served:
            task.cancel()
            return
        connection.cut()
        stopping = asyncio.create_task(connection.stop_timer(), name="connection: end")
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            logger.warning(
                "There are %d connections, and no file descriptors for more: the one that has been "
                "silent for longest makes room for the next",
                len(self._open),
            )


def most_connections(others: int) -> int:
    """How many connections leave enough file descriptors for the rest of the process.

    others
        What it opens elsewhere besides the usual.
    """
    if sys.platform == "win32":
        return MOST
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST if soft == resource.RLIM_INFINITY else soft - RESERVED - others
    return min(max(allowed, FEWEST), MOST)
