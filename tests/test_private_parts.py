"""Private parts of libraries that we use: when one of these turns red, a release has moved it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosmtplib
import aiosqlite
import pytest
from aiosmtpd.smtp import SMTP
from aiosmtplib.protocol import SMTPProtocol
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import AsyncioSingleTask, WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.utils import wrap_app
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from quartapp.mail.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
async def connection(tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "file.sqlite", check_same_thread=False)
    connection = await aiosqlite.Connection(connect, 64)
    yield connection
    await connection.close()


async def test_an_aiosqlite_connection_has_its_thread_before_it_is_opened():
    """`quartapp.database.engines` makes it a daemon, and joins it where opening fails."""
    connection = aiosqlite.Connection(partial(sqlite3.connect, ":memory:"), 64)

    assert isinstance(connection._thread, threading.Thread)
    assert not connection._thread.is_alive()


async def test_an_aiosqlite_connection_runs_a_function_in_its_thread(connection):
    """`quartapp.database.onehop` runs a statement and fetches its rows in one trip."""
    thread = await connection._execute(threading.get_ident)

    assert thread == connection._thread.ident


async def test_an_aiosqlite_connection_shows_the_one_of_sqlite(connection):
    """`quartapp.database.onehop` opens cursors on it, and runs several statements at once."""
    assert isinstance(connection._conn, sqlite3.Connection)


async def test_an_aiosqlite_cursor_shows_the_one_of_sqlite(connection):
    """`quartapp.database.onehop` reads its rows, and closes it without a trip."""
    cursor = await connection.cursor()

    assert isinstance(cursor._cursor, sqlite3.Cursor)
    assert cursor._execute.__self__ is cursor
    await cursor.close()


async def test_an_aiosmtpd_connection_has_a_task_that_ends_with_it():
    """`quartapp.mail.mailbox.catcher` awaits it when it closes."""
    made: list[Any] = []

    def visit() -> SMTP:
        made.append(SMTP(object(), hostname="localhost", loop=asyncio.get_running_loop()))
        return made[0]

    server = await asyncio.get_running_loop().create_server(visit, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.readline()
    task = made[0]._handler_coroutine
    made[0].transport.abort()
    await asyncio.wait([task], timeout=30)
    writer.close()
    server.close()
    await server.wait_closed()

    assert isinstance(task, asyncio.Task)
    assert task.done()


async def test_an_aiosmtplib_client_lets_its_connection_be_taken_over():
    """`quartapp.mail.transports.smtp.stream` sets a protocol of its own after the login."""
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Taking(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            received.set_result(data)

    async with SMTPServer() as server:
        client = aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False)
        await client.connect()
        await client.ehlo()
        transport: Any = client.transport
        transport.set_protocol(Taking())
        transport.write(b"NOOP\r\n")
        reply = await received
        transport.abort()
        client.close()

    assert reply == b"250 2.0.0 Ok\r\n"


async def test_an_aiosmtplib_client_talks_over_a_connection_that_it_did_not_open():
    """`quartapp.mail.transports.smtp.client` connects, and reads replies by itself."""
    loop = asyncio.get_running_loop()
    async with SMTPServer() as server:
        client = aiosmtplib.SMTP(hostname=server.host)
        client.transport, client.protocol = await loop.create_connection(
            lambda: SMTPProtocol(loop, client._on_connection_lost), server.host, server.port
        )
        greeting = await client.protocol.read_response()
        client.local_hostname = "[127.0.0.1]"
        reply = await client.ehlo()
        protocol: Any = client.protocol
        is_free = (protocol._response_pending, protocol._response_waiter.done())
        client.close()

    assert (greeting.code, reply.code) == (220, 250)
    assert is_free == (False, False)


async def test_sqlalchemy_runs_a_function_that_asks_an_async_driver(tmp_path):
    """`quartapp.database.database` asks a single question by it in one step."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/file.sqlite")

    def ask() -> int:
        with engine.sync_engine.connect() as connection:
            answer: int = connection.exec_driver_sql("SELECT 7").scalar_one()
            return answer

    assert await greenlet_spawn(ask) == 7
    await engine.dispose()


async def test_a_connection_of_hypercorn_says_whether_it_answers_anything():
    """`quartapp.cli.connection` closes it where it does not, and stops its timer."""
    made: list[TCPServer] = []
    loop, context = asyncio.get_running_loop(), WorkerContext(None)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app_of_it = wrap_app(app, 0, "asgi")
        made.append(TCPServer(app_of_it, loop, Config(), context, {}, reader, writer))
        await made[0]

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await until(lambda: made and hasattr(made[0], "protocol"))
        first = made[0].protocol.protocol
        is_silent = isinstance(first, H11Protocol) and first.stream is None
        asked = first.keep_alive_requests
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
        await until(lambda: made[0].protocol.protocol is not first)
        second = made[0].protocol.protocol
        writer.close()
        await made[0].idle_task.stop()
        await context.terminated.set()

    assert (is_silent, asked) == (True, 0)
    assert isinstance(second, H2Protocol)
    assert (second.idle, second.keep_alive_requests) == (True, 0)
    assert isinstance(made[0].idle_task, AsyncioSingleTask)
    assert not context.terminate.is_set()


async def until(is_so: Callable[[], object]) -> None:
    """Let the event loop go on until something is so."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - hypercorn tells nobody
            await asyncio.sleep(0)


def test_the_adapter_of_asyncpg_shows_how_it_names_statements():
    """`quartapp.database.postgres` recognises an engine for a pooler by it."""
    from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection as Adapter

    named = Adapter(None, None, prepared_statement_name_func=str)
    forgetting = Adapter(None, None, prepared_statement_cache_size=0)
    plain = Adapter(None, None)

    assert named._prepared_statement_name_func is str
    assert forgetting._prepared_statement_cache is None
    assert plain._prepared_statement_name_func is plain._default_name_func


async def test_a_sqlalchemy_connection_translates_what_the_driver_raises(tmp_path):
    """`quartapp.mail.outbox.prepared` has it judge an error of the driver's own cursor."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/file.sqlite")
    async with engine.begin() as connection:
        sync: Any = connection.sync_connection
        with pytest.raises(OperationalError, match="no such table") as caught:
            sync._handle_dbapi_exception(
                sqlite3.OperationalError("no such table"), "SELECT", None, None, None
            )
    await engine.dispose()

    assert not caught.value.connection_invalidated
