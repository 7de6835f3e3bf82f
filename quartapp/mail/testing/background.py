"""The test server in a thread, for tests that have no event loop or one that is not theirs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from quartapp.mail.smtpd.server import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from quartapp.mail.smtpd.received import ReceivedMessage
    from quartapp.mail.smtpd.script import Phase

__all__ = ["BackgroundServer", "serving"]

T = TypeVar("T")


class BackgroundServer(SMTPServer):
    """An `SMTPServer` in another thread's event loop, to be used in any other, or in none."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        await self._there(super().start())

    async def stop(self) -> None:
        """Cut every connection and refuse new ones; the port stays reserved."""
        await self._there(super().stop())

    def resume(self) -> None:
        """Go on with everything that is stalled or delayed now."""
        self._loop.call_soon_threadsafe(super().resume)

    async def received(self, count: int, timeout: float = 30) -> list[ReceivedMessage]:
        """Wait until `count` messages have been accepted; see `SMTPServer.received`."""
        return await self._there(super().received(count, timeout))

    async def reached(self, phase: Phase | str, times: int = 1, timeout: float = 30) -> None:
        """Wait until `phase` has been reached so many times; see `SMTPServer.reached`."""
        await self._there(super().reached(phase, times, timeout))

    async def idle(self, timeout: float = 30) -> None:
        """Wait until no connection is open; see `SMTPServer.idle`."""
        await self._there(super().idle(timeout))

    async def _there(self, doing: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(doing, self._loop))


@contextmanager
def serving() -> Iterator[BackgroundServer]:
    """A server that listens until the block ends. Raises what went wrong in it."""
    # Not what the policy gives: of all loops this one watches sockets on every system.
    loop = asyncio.SelectorEventLoop()
    thread = Thread(target=loop.run_forever, name="smtp_server", daemon=True)
    thread.start()
    server = BackgroundServer(loop)
    try:
        _done(server.__aenter__(), loop)
        try:
            yield server
        finally:
            _done(server.__aexit__(), loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _done(doing: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(doing, loop).result()
