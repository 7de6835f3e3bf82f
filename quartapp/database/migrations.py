"""Bring a set of tables to its newest version, and say which version it has."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text

from quartapp.database.engines import schema_of
from quartapp.database.errors import DatabaseBusy, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection, MetaData
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database.database import Database

__all__ = ["Migrations"]

# Any number, as long as every process that migrates takes the same one.
UPGRADE_LOCK = 0x71756172

PATIENCE = 60.0
"""How long to wait for another process that migrates the same SQLite file, in seconds."""

BETWEEN_ATTEMPTS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """A folder of Alembic migrations and the table that remembers how far they got.

    Its own version table lets two sets live in one database without knowing of each other.

    name
        What an error calls the tables.
    metadata
        The tables as they are at the newest version.
    cure
        What an error advises where an upgrade is missing.
    """

    folder: Path
    name: str
    metadata: MetaData
    cure: str
    version_table: str = "alembic_version"

    async def upgrade(self, database: Database) -> None:
        """Run what is missing, in one transaction; a second process waits for the first.

        Raises `SchemaError` for tables that no migration here can bring up to date,
        `DatabaseBusy` when SQLite's lock is not free for a minute.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            try:
                return await self._upgrade_once(database)
            except DatabaseBusy:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(BETWEEN_ATTEMPTS)

    async def check(self, database: Database) -> None:
        """Raise `SchemaError` unless the tables are at their newest version."""
        async with database.reading() as connection:
            await connection.run_sync(self._check)

    async def revisions(self, database: Database) -> tuple[str | None, str]:
        """The version that the tables have, None if there are none yet, and the newest."""
        async with database.reading() as connection:
            return await connection.run_sync(self._revisions)

    async def are_missing(self, database: Database) -> bool:
        """Whether there is none of these tables."""
        async with database.reading() as connection:
            return not await connection.run_sync(self._tables)

    async def upgrade_within(self, connection: AsyncConnection) -> None:
        """Run what is missing in this connection's transaction, after others who do the same."""
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
        await connection.run_sync(self.upgrade_on)

    def upgrade_on(self, connection: Connection) -> None:
        """Run what is missing, on this connection and in its transaction. Raises `SchemaError`."""
        with _quietly():
            from alembic import command

            current, newest = self._revisions(connection)
            if current == newest:
                # Alembic would find that out too, after it has loaded its environment.
                return
            if current is None and self._tables(connection):
                self._refuse_differences(connection)
                command.stamp(self._config(connection), "head")
                return
            self._refuse_unknown(connection)
            command.upgrade(self._config(connection), "head")

    def stamp(self, connection: Connection) -> None:
        """Write down that the tables, made in another way, are at the newest version."""
        with _quietly():
            from alembic import command

            command.stamp(self._config(connection), "head")

    async def _upgrade_once(self, database: Database) -> None:
        async with database.writing() as connection:
            await self.upgrade_within(connection)

    def _check(self, connection: Connection) -> None:
        current, newest = self._revisions(connection)
        if current == newest:
            return
        if current is not None:
            self._refuse_unknown(connection)
            raise SchemaError(
                f"{self.name} in {_place(connection)} are at version {current}, not {newest}: "
                f"{self.cure}"
            )
        if not self._tables(connection):
            raise SchemaError(f"{self.name} are missing in {_place(connection)}: {self.cure}")
        self._refuse_differences(connection)

    def _revisions(self, connection: Connection) -> tuple[str | None, str]:
        return self._current(connection), _newest(self.folder)

    def _current(self, connection: Connection) -> str | None:
        return self._context(connection).get_current_revision()

    def _tables(self, connection: Connection) -> set[str]:
        """Those of these tables that there are, whoever made them."""
        found = inspect(connection).get_table_names(schema=schema_of(connection))
        return self.metadata.tables.keys() & set(found)

    def _refuse_unknown(self, connection: Connection) -> None:
        current = self._current(connection)
        known = {script.revision for script in _scripts(self.folder).walk_revisions()}
        if current is not None and current not in known:
            raise SchemaError(
                f"{_place(connection)} belongs to another version of quartapp: {self.name} there "
                f"are at version {current}, which this one does not know; move it away, or set "
                "DATABASE_URL to another database"
            )

    def _refuse_differences(self, connection: Connection) -> None:
        """Take tables without a version for those of the newest one only if they look like it."""
        if found := self._differences(connection):
            raise SchemaError(
                f"{self.name} in {_place(connection)} were not made by quartapp's migrations and "
                f"differ from them ({', '.join(found)}): drop or rename them, then {self.cure}"
            )

    def _differences(self, connection: Connection) -> list[str]:
        with _quietly():
            from alembic.autogenerate import compare_metadata

            context = self._context(connection, include_name=self._is_ours)
            return [_shown(each) for each in compare_metadata(context, self.metadata)]

    def _is_ours(self, name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in self.metadata.tables

    def _context(self, connection: Connection, **options: Any) -> MigrationContext:
        with _quietly():
            from alembic.runtime.migration import MigrationContext

            options |= {"version_table": self.version_table}
            return MigrationContext.configure(connection, opts=options)

    def _config(self, connection: Connection) -> Config:
        config = _config(self.folder)
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config


@cache
def _newest(folder: Path) -> str:
    """The newest version; a process that starts asks several times, and Alembic compiles each."""
    newest = _scripts(folder).get_current_head()
    if newest is None:
        raise LookupError(f"there are no migrations in {folder}")
    return newest


def _scripts(folder: Path) -> ScriptDirectory:
    with _quietly():
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(_config(folder))


def _config(folder: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _place(connection: Connection) -> str:
    """The database, as a person knows it."""
    url = connection.engine.url
    name = url.database or "the database"
    return name if url.get_backend_name() == "sqlite" else f"the database {name}"


def _shown(difference: Any) -> str:
    """One of Alembic's differences: `add_column mail_messages.wants_cancel`."""
    if isinstance(difference, list):
        difference = difference[0]
    action, *what = difference
    names = [each if isinstance(each, str) else getattr(each, "name", None) for each in what]
    return f"{action} {'.'.join(str(name) for name in names if name)}"


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what Alembic says of itself, already when it is imported; its warnings stay."""
    logger = logging.getLogger("alembic")
    if logger.level:
        # Setting it anew would have each logger of the process forget what it is enabled for.
        yield
        return
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(logging.NOTSET)
