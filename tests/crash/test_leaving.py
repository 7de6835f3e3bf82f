"""A client that leaves while its transaction waits: nothing in the log, nothing in the database."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp import create_app
from quartapp.models import User
from tests.crash.waiting import until
from tests.fixtures.visitor import usernames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quart import Quart

POST = (
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> Quart:
    """The whole app; its messages are delivered by another process."""
    return create_app(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "MAIL_SUPPRESS_SEND": False,
            "WTF_CSRF_ENABLED": False,
            "QUARTAPP_INSTANCE": str(tmp_path),
            "QUARTAPP_DISPATCH": False,
            "DATABASE_URL": database_url,
            "FLASKY_ADMIN": "admin@example.com",
            "MAIL_SERVER": "localhost",
        }
    )


@pytest.fixture
async def address(app: Quart) -> AsyncIterator[tuple[str, int]]:
    """Where hypercorn serves the app in this event loop."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = Config()
        config.bind = [f"fd://{os.dup(listening.fileno())}"]
        ended = asyncio.Event()
        server = asyncio.create_task(serve(app, config, shutdown_trigger=ended.wait))
        await answer(listening.getsockname())
        yield listening.getsockname()
        ended.set()
        await server


async def answer(address: tuple[str, int]) -> bytes:
    """The answer to a look at the page."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    received = await reader.read()
    writer.close()
    return received


@asynccontextmanager
async def name_being_added(url: str, name: str) -> AsyncIterator[None]:
    """Another process adds a user of that name, and does not commit."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.execute(insert(User).values(username=name))
        yield
        await connection.rollback()
    await engine.dispose()


async def post(address: tuple[str, int], name: str) -> asyncio.StreamWriter:
    """Send the form and do not read the answer."""
    _, writer = await asyncio.open_connection(*address)
    body = f"name={name}"
    writer.write(POST.format(length=len(body), body=body).encode())
    await writer.drain()
    return writer


async def test_a_client_that_leaves_while_its_transaction_waits_leaves_no_trace(
    app: Quart, address: tuple[str, int], database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = app.extensions["database"].writer.pool

    async def writes() -> bool:
        return pool.checkedout() == 1

    async def is_idle() -> bool:
        return pool.checkedout() == 0

    async with name_being_added(database_url, "Ada"):
        client = await post(address, "Ada")
        await until(writes, lambda: "a transaction that waits")
        client.close()
        await until(is_idle, lambda: "a transaction that has ended")

    assert await usernames(app) == []
    assert await app.extensions["mail"].find() == []
    assert (await app.test_client().post("/", form={"name": "Ada"})).status_code == 302
    assert await usernames(app) == ["Ada"]
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert "Traceback" not in caplog.text
