"""`quartapp db`: the versions of the tables."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Protocol

import click
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from quartapp import create_app
from quartapp.database import Database, DatabaseUnavailable, SchemaError
from quartapp.mail import MailError
from quartapp.mail.cli.upgrade import sentence
from quartapp.models import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quart import Quart

__all__ = ["db"]


class Tables(Protocol):
    """Tables with a version of their own: the app's, the mail service's."""

    async def upgrade(self) -> None:
        """Bring them to the newest version."""

    async def revisions(self) -> tuple[str | None, str]:
        """Tell the version they have, None if there are none yet, and the newest."""


class AppTables:
    """The app's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upgrade(self) -> None:
        """Bring them to the newest version."""
        await MIGRATIONS.upgrade(self._database)

    async def revisions(self) -> tuple[str | None, str]:
        """The version they have, None if there are none yet, and the newest."""
        return await MIGRATIONS.revisions(self._database)


@click.group("db")
def db() -> None:
    """Create the tables and keep them up to date.

    There are two sets, each with a version of its own: the app's and the mail service's. In
    development the app brings them up to date when it starts; in production it asks for
    `quartapp db upgrade`.
    """


@db.command("upgrade", short_help="Bring the tables to the newest version.")
def upgrade() -> None:
    """Create the tables where there are none, and bring older ones to the newest version.

    It may be repeated, and several processes may run it at once.
    """
    _on_all_tables(_upgrade)


@db.command("current", short_help="Print the version of the tables.")
def current() -> None:
    """Print the version of the tables, and end with exit code 1 unless it is the newest."""
    if not all(_on_all_tables(_is_current)):
        sys.exit(1)


async def _upgrade(name: str, tables: Tables) -> bool:
    before, newest = await tables.revisions()
    await tables.upgrade()
    click.echo(sentence(name, before, newest))
    return True


async def _is_current(name: str, tables: Tables) -> bool:
    current, newest = await tables.revisions()
    if current == newest:
        click.echo(sentence(name, current, newest))
        return True
    found = f"at {current}" if current else "no tables yet"
    click.echo(f"{name}: {found} (latest {newest}): run quartapp db upgrade")
    return False


def _on_all_tables(act: Callable[[str, Tables], Awaitable[bool]]) -> list[bool]:
    try:
        return asyncio.run(_act(create_app({"QUARTAPP_PAGES_OPEN": False}), act))
    except (DatabaseUnavailable, SchemaError, MailError, SQLAlchemyError, CommandError) as error:
        sys.exit(str(error).partition("\n")[0])


async def _act(app: Quart, act: Callable[[str, Tables], Awaitable[bool]]) -> list[bool]:
    database = app.extensions["database"]
    try:
        return [await act("app", AppTables(database)), await act("mail", app.extensions["mail"])]
    finally:
        await database.dispose()
