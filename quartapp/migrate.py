"""Bring a set of tables to its newest version, and say which version it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from quartapp.database import Database

__all__ = ["Migrations"]

# Any number, as long as every process that migrates takes the same one.
UPGRADE_LOCK = 0x71756172


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of Alembic migrations and the table that remembers how far they got.

    Its own version table lets two sets live in one database without knowing of each other.
    """

    folder: Path
    version_table: str = "alembic_version"

    async def upgrade(self, database: Database) -> None:
        """Run what is missing, in one transaction; a second process waits for the first."""
        async with database.writing() as connection:
            if not database.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
            await connection.run_sync(self._upgrade)

    async def revisions(self, database: Database) -> tuple[str | None, str]:
        """The version that the tables have, None if there are none yet, and the newest."""
        async with database.reading() as connection:
            current = await connection.run_sync(self._current)
        return current, self._head()

    def _upgrade(self, connection: Connection) -> None:
        command.upgrade(self._config(connection), "head")

    def _current(self, connection: Connection) -> str | None:
        options = {"version_table": self.version_table}
        return MigrationContext.configure(connection, opts=options).get_current_revision()

    def _head(self) -> str:
        head = ScriptDirectory.from_config(self._config()).get_current_head()
        if head is None:
            raise LookupError(f"there are no migrations in {self.folder}")
        return head

    def _config(self, connection: Connection | None = None) -> Config:
        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config
