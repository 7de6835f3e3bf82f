"""The version of the mail tables: brought up to date, or checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from quartapp.database.migrations import Migrations
from quartapp.mail.choices import Upgrade
from quartapp.mail.outbox.tables import VERSION_TABLE, messages, metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

    from quartapp.database import Database

__all__ = ["MIGRATIONS", "prepare"]

MIGRATIONS = Migrations(
    folder=Path(__file__).parent / "migrations",
    name="the mail tables",
    metadata=metadata,
    cure="run `quart --app … mail upgrade`, or `await mail.upgrade()`",
    version_table=VERSION_TABLE,
)


async def prepare(database: Database, upgrade: Upgrade, *, is_development: bool) -> None:
    """Bring the tables up to date where MAIL_UPGRADE says so, else check that they are.

    Raises `SchemaError` with the command to run.
    """
    if await _upgrades(database, upgrade, is_development=is_development):
        await MIGRATIONS.upgrade(database)
    else:
        await MIGRATIONS.check(database)


async def _upgrades(database: Database, upgrade: Upgrade, *, is_development: bool) -> bool:
    match upgrade:
        case Upgrade.ALWAYS:
            return True
        case Upgrade.NEVER:
            return False
    if is_development:
        return True
    # A file that has none is new, and its only user starts here.
    return database.is_sqlite and await MIGRATIONS.are_missing(database)


@event.listens_for(metadata, "after_create")
def _stamp(_metadata: MetaData, connection: Connection, *, tables: list[Table], **_: Any) -> None:
    """Give tables made by `metadata.create_all` their version, for a later upgrade to start from.

    Our own migrations make tables of their own description and do not come by here.
    """
    if messages in tables:
        MIGRATIONS.stamp(connection)
