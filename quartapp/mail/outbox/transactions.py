"""Transactions about messages: the caller's or one of their own, with tables that are there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from quartapp.database.commit import on_commit
from quartapp.database.engines import schema_as_of
from quartapp.mail.outbox.first_use import FirstUse
from quartapp.mail.outbox.upgrade import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from quartapp.database import Database

    AfterCommit = Callable[[Callable[[], None]], None]

__all__ = ["Transactions"]


class Transactions:
    """Opens them, and makes missing tables on first use.

    database
        Asked for at each use: a host may open another.
    makes_tables
        Whether missing tables are made.
    """

    def __init__(self, database: Callable[[], Database], makes_tables: Callable[[], bool]) -> None:
        self._database = database
        self._tables = FirstUse(makes_tables, self._make_tables, database)

    @asynccontextmanager
    async def storing(
        self, session: AsyncSession | None
    ) -> AsyncIterator[tuple[AsyncConnection, AfterCommit]]:
        """A connection with tables to write to, and who takes what is to be called afterwards."""
        if session is not None:
            connection = await session.connection()
            after_commit = partial(on_commit, session.sync_session)
            async with schema_as_of(self._database().engine, connection):
                await self._prepare_tables(connection, after_commit)
                yield connection, after_commit
            return
        waiting: list[Callable[[], None]] = []
        async with self._database().writing() as connection:
            await self._prepare_tables(connection, waiting.append)
            yield connection, waiting.append
        for then in waiting:
            then()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection | None]:
        """A connection to read with; None where no tables were made yet, so that all is empty."""
        async with self._database().reading() as connection:
            yield connection if await self._tables.are_there(connection) else None

    async def _prepare_tables(self, connection: AsyncConnection, after_commit: AfterCommit) -> None:
        if await self._tables.prepare(connection):
            after_commit(self._tables.settle)

    async def _make_tables(self, connection: AsyncConnection) -> None:
        await self._database().begin(connection)
        await MIGRATIONS.upgrade_within(connection)
