"""Engines: how we open SQLite, and where an engine has its tables."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.database.errors import connecting
from quartapp.database.onehop import OneHopConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiosqlite
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = [
    "ALONE",
    "PRIVATE",
    "SQLITE_RESERVE",
    "file_of",
    "make_private",
    "opened",
    "schema_as_of",
    "schema_of",
    "sqlite_eraser",
    "sqlite_reader",
    "sqlite_writer",
    "sync_of",
]

SQLITE_READERS = 4
SQLITE_RESERVE = 2
ROWS_AT_ONCE = 64
SCHEMAS = "schema_translate_map"

PRIVATE: dict[str, Any] = {"hide_parameters": True}
"""Options of every engine: statements carry messages, so no error may have them in its text."""

# What was deleted is overwritten, also where a page was split and its rows have moved.
WRITING = ["journal_mode=WAL", "secure_delete=ON"]

ALONE = {"statements_stand_alone": True}
"""Execution options for a SQLite reader whose statements need no common snapshot."""


def sqlite_reader(url: URL, patience: float, size: int = SQLITE_READERS) -> AsyncEngine:
    """Connections that only read, and never wait for a writer."""
    return _sqlite(url, patience, size, "BEGIN DEFERRED", ["query_only=ON"])


def sqlite_writer(url: URL, patience: float) -> AsyncEngine:
    """The one connection that writes; its transactions take the file's lock when they begin."""
    return _sqlite(url, patience, 1, "BEGIN IMMEDIATE", WRITING)


def sqlite_eraser(url: URL, patience: float) -> AsyncEngine:
    """Connections that delete, and do not wait for the disk while they have the file's lock.

    A power cut may bring back what was deleted since the last checkpoint, which is a step of its
    own.
    """
    pragmas = [*WRITING, "synchronous=NORMAL", "wal_autocheckpoint=0"]
    return _sqlite(url, patience, 2, "BEGIN IMMEDIATE", pragmas)


def _sqlite(url: URL, patience: float, size: int, begin: str, pragmas: list[str]) -> AsyncEngine:
    engine = create_async_engine(
        url,
        **PRIVATE,
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience,
        async_creator=partial(_open, url, patience),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions start late and leave savepoints out: we say BEGIN ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for each in ("foreign_keys=ON", "synchronous=FULL", *pragmas):
            cursor.execute(f"PRAGMA {each}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_asked(connection: Connection) -> None:
        if not ALONE.items() <= connection.get_execution_options().items():
            driver: Any = connection.connection.driver_connection
            driver.begin(begin)

    return engine


async def _open(url: URL, patience: float) -> aiosqlite.Connection:
    """Open a file whatever comes: the driver forgets one whose opening is cut, and leaves it open.

    Nor is its thread left behind, which would complain when it outlives the event loop.
    """
    arguments, options = url.get_dialect()().create_connect_args(url)
    options = {"timeout": patience, **options, "check_same_thread": False}
    connect = partial(_connect, file_of(url), *arguments, **options)
    connection = OneHopConnection(connect, ROWS_AT_ONCE)
    thread = connection._thread
    thread.daemon = True
    opening = asyncio.ensure_future(connection)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            await connection.close()
        raise
    except sqlite3.Error:
        await asyncio.to_thread(thread.join)
        raise


def _connect(path: Path | None, *arguments: Any, **options: Any) -> sqlite3.Connection:
    """Connect to a file, which is made for its owner alone where there is none."""
    make_private(path)
    connection: sqlite3.Connection = sqlite3.connect(*arguments, **options)
    return connection


def make_private(path: Path | None) -> None:
    """Make a SQLite file for its owner alone, where there is none.

    SQLite would leave its mode to the umask; its -wal and -shm have the mode of the file.
    """
    if path is None or path.exists():
        return
    # Whatever fails here fails again where SQLite opens the file, and says why.
    with suppress(OSError):
        path = path.resolve()  # A link may lead to a file that is not there yet.
        # Linked, because closing the file under its own name would drop the locks that another
        # connection of this process has on it by then.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            os.link(draft, path)
        finally:
            draft.unlink()


def file_of(url: URL) -> Path | None:
    """The file that an address may have made; None for memory, and where none is to be made."""
    name = url.database or ""
    if name.startswith("file:"):
        parts = urlsplit(name)
        if dict(parse_qsl(parts.query)).get("mode", "rwc") != "rwc":
            return None
        name = unquote(parts.path)
    if url.query.get("mode", "rwc") != "rwc" or name in ("", ":memory:"):
        return None
    return Path(name)


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection, for whose opening operating system errors are an outage, too."""
    async with AsyncExitStack() as stack:
        with connecting():
            connection = await stack.enter_async_context(engine.connect())
        yield connection


def schema_of(connection: Connection | Engine) -> str | None:
    """Where an engine with `schema_translate_map` has tables that name no schema."""
    translated = connection.get_execution_options().get(SCHEMAS)
    return translated.get(None) if translated else None


def sync_of(connection: AsyncConnection) -> Connection:
    """The connection inside, for what asks the database nothing."""
    inside = connection.sync_connection
    assert inside is not None  # noqa: S101  # it is open
    return inside


@asynccontextmanager
async def schema_as_of(engine: AsyncEngine, connection: AsyncConnection) -> AsyncIterator[None]:
    """Have a connection find tables where the engine has them, and then where it had them."""
    ours = engine.get_execution_options().get(SCHEMAS)
    theirs = sync_of(connection).get_execution_options().get(SCHEMAS) if ours else None
    if ours == theirs:
        yield
        return
    await connection.execution_options(**{SCHEMAS: ours})
    try:
        yield
    finally:
        await connection.execution_options(**{SCHEMAS: theirs})
