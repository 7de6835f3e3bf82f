"""The database: its engines, its sessions, and on SQLite one writer at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from quartapp.migrate import Migrations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["Database", "DatabaseBusy", "DatabaseUnavailable", "NestedWrite"]

BUSY_TIMEOUT = 2.0
"""How long a writer waits for another before it is told no, in seconds."""

MIGRATIONS = Migrations(Path(__file__).parent / "migrations")

SQLITE_READERS = 4
POSTGRES_CONNECTIONS = 10


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or cannot take a write just now. Trying again may help."""


class DatabaseBusy(DatabaseUnavailable):
    """Another writer held SQLite's one lock for longer than we wait."""


class NestedWrite(RuntimeError):
    """A task asked for a write transaction while it holds one: it would wait for itself."""


class Database:
    """One database: readers, writers and how to tell when it is away.

    url
        SQLAlchemy's, with an async driver: `sqlite+aiosqlite:///app.sqlite` or
        `postgresql+asyncpg://user@host/name`.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        if self.is_sqlite:
            self.engine = _sqlite_engine(self.url, "DEFERRED", size=SQLITE_READERS)
            self.writer = _sqlite_engine(self.url, "IMMEDIATE", size=1)
        else:
            self.engine = self.writer = create_async_engine(
                self.url,
                pool_size=POSTGRES_CONNECTIONS,
                max_overflow=POSTGRES_CONNECTIONS,
                pool_timeout=BUSY_TIMEOUT,
                pool_pre_ping=True,
            )
        self._lock = WriterLock(BUSY_TIMEOUT)

    @classmethod
    def over(cls, engine: AsyncEngine) -> Self:
        """The database behind somebody else's engine, used as it is."""
        database = cls.__new__(cls)
        database.url = engine.url
        database.engine = database.writer = engine
        database._lock = WriterLock(BUSY_TIMEOUT)
        return database

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which knows one writer and no LISTEN."""
        return self.url.get_backend_name() == "sqlite"

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session to read with. On SQLite a write through it is refused; see `transaction`.

        Raises `DatabaseUnavailable` when the database is away.
        """
        with _translated():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                await _connected(session.connection())
                yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session inside one write transaction: committed on leaving, rolled back on an error.

        Raises `DatabaseBusy` when SQLite's lock is not free within two seconds,
        `DatabaseUnavailable` when the database is away, `NestedWrite` inside another one.
        """
        async with (
            self._writing(), AsyncSession(self.writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            await _connected(session.connection())
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection to read with."""
        with _translated():
            async with _opened(self.engine) as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection inside one write transaction; raises what `transaction` raises."""
        async with self._writing(), _opened(self.writer) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        with _translated():
            if not self.is_sqlite:
                yield
                return
            async with self._lock:
                yield

    @property
    def is_writing_here(self) -> bool:
        """Whether the running task holds SQLite's write transaction."""
        return self._lock.holder is asyncio.current_task()

    async def upgrade(self) -> None:
        """Bring the application's tables to their newest version."""
        await MIGRATIONS.upgrade(self)

    async def revisions(self) -> tuple[str | None, str]:
        """The version that the application's tables have, None for none, and the newest."""
        return await MIGRATIONS.revisions(self)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self.writer is not self.engine:
            await self.writer.dispose()


class WriterLock:
    """One writer at a time in this process, first come first served.

    It is taken before a connection is, so that those who wait hold none.
    """

    def __init__(self, patience: float) -> None:
        self.holder: asyncio.Task[Any] | None = None
        self._patience = patience
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self.holder is task:
            raise NestedWrite("this task holds a write transaction already: pass session=")
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError:
            raise DatabaseBusy(f"no turn to write within {self._patience:g} s") from None
        self.holder = task

    async def __aexit__(self, *_: object) -> None:
        self.holder = None
        self._lock.release()


def _sqlite_engine(url: URL, begin: str, *, size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
        connect_args={"timeout": BUSY_TIMEOUT},
    )
    pragmas = ["foreign_keys=ON", "synchronous=FULL"]
    pragmas.append("journal_mode=WAL" if begin == "IMMEDIATE" else "query_only=ON")

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions start late and leave savepoints out: we say BEGIN ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_asked(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what drivers raise for a database that is away or busy into our own words."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy("every database connection is in use") from error
    except (OperationalError, InterfaceError) as error:
        if _is_busy(error):
            raise DatabaseBusy("another process is writing to the SQLite file") from error
        raise DatabaseUnavailable(f"the database cannot be used now: {error.orig}") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise DatabaseUnavailable(f"the database went away: {error.orig}") from error


@asynccontextmanager
async def _opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        yield await _connected(stack.enter_async_context(engine.connect()))


async def _connected(connecting: Awaitable[AsyncConnection]) -> AsyncConnection:
    """Await a connection; only here does an operating system's error speak of the database."""
    try:
        return await connecting
    except OSError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {error}") from error


def _is_busy(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", None) in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    ) or "database is locked" in str(error.orig)
