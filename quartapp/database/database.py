"""The database: its engines, its sessions, and on SQLite one writer at a time."""

from __future__ import annotations

import logging
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import greenlet_spawn

from quartapp.database.begun import Begun
from quartapp.database.engines import (
    ALONE,
    SQLITE_RESERVE,
    file_of,
    make_private,
    opened,
    sqlite_eraser,
    sqlite_reader,
    sqlite_writer,
)
from quartapp.database.eraser import Eraser
from quartapp.database.errors import DatabaseBusy, DatabaseUnavailable, connecting, translated
from quartapp.database.postgres import (
    POSTGRES_RESERVE,
    PostgresAddress,
    is_for_a_pooler,
    postgres_engine,
)
from quartapp.database.reserve import is_in_reserve
from quartapp.database.url import parsed, shown
from quartapp.database.writer_queue import NestedWrite, WriterQueue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sqlalchemy import Connection, Executable, Row
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.orm import Session, SessionTransaction

__all__ = ["Database", "DatabaseBusy", "DatabaseUnavailable", "NestedWrite"]

logger = logging.getLogger(__name__)

PATIENCE = 2.0


class Database:
    """One database: readers, writers and how to tell when it is away.

    eraser
        Deletes from a SQLite file beside those who write to it; None for PostgreSQL, where they
        wait for no deletion.
    is_pooled
        Whether a pooler such as PgBouncer is known to give each transaction another connection
        to the server, so that nothing outlives a transaction: no prepared statement, no LISTEN.

    url
        SQLite's or PostgreSQL's, in any usual spelling: `sqlite:///app.sqlite`,
        `postgresql://user@host/name?sslmode=require`. Raises `ValueError` for parameters that
        cannot be honoured.
    patience
        How long one waits for SQLite's lock, or for a connection of the pool, before
        `DatabaseBusy`; in seconds.
    """

    is_pooled = False
    eraser: Eraser | None = None
    _begun: Begun | None = None

    def __init__(self, url: str | URL, *, patience: float = PATIENCE) -> None:
        try:
            self.url = parsed(url) if isinstance(url, str) else url
            address = None if self.is_sqlite else PostgresAddress(self.url)
        except ValueError as error:
            raise ValueError(f"the address of the database {error}") from None
        if address is None:
            self.engine = sqlite_reader(self.url, patience)
            self.writer = self._spare_writer = sqlite_writer(self.url, patience)
            self._reader = self.engine.execution_options(**ALONE)
            self._spare = sqlite_reader(self.url, patience, SQLITE_RESERVE)
            self._spare_reader = self._spare.execution_options(**ALONE)
        else:
            self._open_postgres(address, patience)
        self._queue = WriterQueue(patience)
        self._is_ours = True
        if address is None:
            self.eraser = Eraser(sqlite_eraser(self.url, patience), self._queue, self.begin)

    def _open_postgres(self, address: PostgresAddress, patience: float) -> None:
        self.url = address.url
        self.is_pooled = address.is_pooled
        self.engine = self.writer = postgres_engine(address, patience)
        self._reader = _autocommit(self.engine)
        self._spare = self._spare_writer = postgres_engine(address, patience, POSTGRES_RESERVE)
        self._spare_reader = _autocommit(self._spare)
        if address.ignored:
            logger.warning(
                "in the address of the database, without effect here: %s",
                ", ".join(address.ignored),
            )

    @classmethod
    def over(cls, engine: AsyncEngine) -> Self:
        """The database behind somebody else's engine, used as it is.

        A SQLite file that is not there yet is made now, for its owner alone.
        """
        database = cls.__new__(cls)
        database.url = engine.url
        database.engine = database.writer = engine
        database._reader = engine if database.is_sqlite else _autocommit(engine)
        database._spare = database._spare_writer = engine
        database._spare_reader = database._reader
        database._queue = WriterQueue(PATIENCE)
        database._is_ours = False
        if database.is_sqlite:
            database.eraser = Eraser(engine, database._queue, database.begin)
            database._begun = Begun.on(engine)
            make_private(file_of(engine.url))
        return database

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which knows one writer and no LISTEN."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engines(self) -> set[AsyncEngine]:
        """All of them, those in reserve included."""
        others = {self.eraser.engine} if self.eraser else set()
        return {self.engine, self.writer, self._spare, *others}

    @property
    def _readers(self) -> AsyncEngine:
        return self._spare_reader if is_in_reserve() else self._reader

    @property
    def _writers(self) -> AsyncEngine:
        return self._spare_writer if is_in_reserve() else self.writer

    def __repr__(self) -> str:
        return f"<Database {shown(self.url)}>"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session to read with. On SQLite a write through it is refused; see `transaction`.

        Raises `DatabaseUnavailable` when the database is away.
        """
        with translated():
            async with AsyncSession(
                self._spare if is_in_reserve() else self.engine, expire_on_commit=False
            ) as session:
                with connecting():
                    await session.connection()
                yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session inside one write transaction: committed on leaving, rolled back on an error.

        Raises `DatabaseBusy` when SQLite's lock is not free within two seconds,
        `DatabaseUnavailable` when the database is away, `NestedWrite` inside another one.
        """
        async with self._turn():
            session = AsyncSession(self._writers, expire_on_commit=False)
            try:
                with connecting():
                    transaction = await session.run_sync(_begin)
                if not self._is_ours:
                    await self.begin(await session.connection())
                yield session
                # The connection is given back in the same step.
                await session.run_sync(_commit, transaction)
            except BaseException:
                # Rolled back and given back in a task of its own, which no cancellation cuts.
                await session.__aexit__(*sys.exc_info())
                raise
            session.sync_session.close()

    async def first(self, statement: Executable, parameters: Mapping[str, Any]) -> Row[Any] | None:
        """The first row of the answer to a single question, None where there is no row.

        For the hot path: each step of `reading` costs more than such a question. Raises
        `DatabaseUnavailable` when the database is away.
        """
        with connecting():
            return await greenlet_spawn(self._first, statement, parameters)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection for single questions, each answered from its own moment."""
        with translated():
            async with opened(self._readers) as connection:
                await connection.run_sync(self._suit_a_pooler)
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection inside one write transaction; raises what `transaction` raises."""
        async with self._turn(), opened(self._writers) as connection, connection.begin():
            await self.begin(connection)
            yield connection

    def _first(self, statement: Executable, parameters: Mapping[str, Any]) -> Row[Any] | None:
        with self._readers.sync_engine.connect() as connection:
            self._suit_a_pooler(connection)
            return connection.execute(statement, parameters).first()

    def _suit_a_pooler(self, connection: Connection) -> None:
        """Put each question into a transaction where the host's engine is one for a pooler.

        Outside of one, a statement may be prepared on one connection and run on another.
        """
        if not self._is_ours and not self.is_sqlite and is_for_a_pooler(connection):
            self.is_pooled = True
            connection.execution_options(isolation_level="READ COMMITTED")

    def refuse_nested(self) -> None:
        """Raise `NestedWrite` where this task holds SQLite's write transaction."""
        self._queue.refuse_nested()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            with translated():
                yield
            return
        try:
            with translated():
                async with self._queue:
                    yield
        except DatabaseBusy as error:
            if self._begun is not None and self._begun.is_ours:
                raise NestedWrite("this task holds a transaction of its own open") from error
            raise

    async def begin(self, connection: AsyncConnection) -> None:
        """Take SQLite's lock at once where somebody else's engine would leave it to the driver.

        The driver would begin late, and then read what another process is about to change.
        """
        if self._is_ours or not self.is_sqlite:
            return
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")

    async def dispose(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            await engine.dispose()


def _begin(session: Session) -> SessionTransaction:
    transaction = session.begin().__enter__()
    session.connection()
    return transaction


def _commit(_session: Session, transaction: SessionTransaction) -> None:
    transaction.__exit__(None, None, None)


def _autocommit(engine: AsyncEngine) -> AsyncEngine:
    """The same pool without BEGIN and ROLLBACK round each question."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")
