"""The way to a server by itself: no app, no outbox."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.transports.smtp.transport import SMTPTransport
from tests.mail.transports.sample import send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail.testing import SMTPServer

    Connect = Callable[..., AbstractAsyncContextManager[SMTPTransport]]


@pytest.fixture
def connect(server: SMTPServer) -> Connect:
    """A transport: `async with connect(timeout=1) as transport`; `limits` are the pool's own."""

    @asynccontextmanager
    async def connecting(
        to: SMTPServer = server, limits: dict[str, Any] | None = None, **settings: Any
    ) -> AsyncIterator[SMTPTransport]:
        where = {"server": to.host, "port": to.port}
        transport = SMTPTransport(MailSettings(**where | settings), **limits or {})
        try:
            yield transport
        finally:
            await transport.close()

    return connecting


@pytest.fixture
async def transport(connect: Connect) -> AsyncIterator[SMTPTransport]:
    """A transport with settings as they come."""
    async with connect() as transport:
        yield transport


@pytest.fixture
async def sending() -> AsyncIterator[Callable[..., list[asyncio.Task[Any]]]]:
    """Send messages at the same time: `tasks = sending(transport, 5)`."""
    tasks: list[asyncio.Task[Any]] = []

    def begin(transport: SMTPTransport, count: int = 1) -> list[asyncio.Task[Any]]:
        begun = [asyncio.create_task(send(transport)) for _ in range(count)]
        tasks.extend(begun)
        return begun

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
