"""Bring a set of tables to its newest version, and say which version it has."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from quartapp.database.errors import DatabaseBusy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alembic.config import Config
    from sqlalchemy import Connection

    from quartapp.database import Database

__all__ = ["Migrations"]

# Any number, as long as every process that migrates takes the same one.
UPGRADE_LOCK = 0x71756172

PATIENCE = 60.0
"""How long to wait for another process that migrates the same SQLite file, in seconds."""

BREATH = 0.1


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of Alembic migrations and the table that remembers how far they got.

    Its own version table lets two sets live in one database without knowing of each other.
    """

    folder: Path
    version_table: str = "alembic_version"

    async def upgrade(self, database: Database) -> None:
        """Run what is missing, in one transaction; a second process waits for the first.

        Raises `DatabaseBusy` when SQLite's lock is not free for a minute.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            try:
                return await self._upgrade_once(database)
            except DatabaseBusy:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(BREATH)

    async def revisions(self, database: Database) -> tuple[str | None, str]:
        """The version that the tables have, None if there are none yet, and the newest."""
        async with database.reading() as connection:
            return await connection.run_sync(self._revisions)

    async def _upgrade_once(self, database: Database) -> None:
        async with database.writing() as connection:
            if not database.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
            await connection.run_sync(self._upgrade)

    def _upgrade(self, connection: Connection) -> None:
        with _quietly():
            from alembic import command

            command.upgrade(self._config(connection), "head")

    def _revisions(self, connection: Connection) -> tuple[str | None, str]:
        with _quietly():
            from alembic.runtime.migration import MigrationContext
            from alembic.script import ScriptDirectory

            options = {"version_table": self.version_table}
            current = MigrationContext.configure(connection, opts=options).get_current_revision()
            head = ScriptDirectory.from_config(self._config(connection)).get_current_head()
        if head is None:
            raise LookupError(f"there are no migrations in {self.folder}")
        return current, head

    def _config(self, connection: Connection) -> Config:
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what Alembic says of itself, already when it is imported; its warnings stay."""
    logger = logging.getLogger("alembic")
    level = logger.level
    logger.setLevel(level or logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
