"""`mail upgrade`: the mail tables, and no others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from quartapp.mail.cli.target import ask, startup_option

if TYPE_CHECKING:
    from quartapp.mail.service import MailService

__all__ = ["sentence", "upgrade"]


@click.command("upgrade", short_help="Create the mail tables, or bring them up to date.")
@startup_option
def upgrade() -> None:
    """Create the mail tables, or bring older ones to the newest version.

    No other table of the database is touched. It may be repeated, and several processes may run
    it at once.

    The exit code is 0 when the tables are at the newest version.
    """
    try:
        click.echo(sentence("mail", *ask(_upgrade, on_tables=False)))
    except (SQLAlchemyError, CommandError) as error:
        sys.exit(str(error).partition("\n")[0])


def sentence(name: str, before: str | None, newest: str) -> str:
    """What an upgrade did to a set of tables, from the version before, None for no tables."""
    if before == newest:
        return f"{name}: {newest}, up to date"
    return (
        f"{name}: upgraded from {before} to {newest}" if before else f"{name}: created at {newest}"
    )


async def _upgrade(service: MailService) -> tuple[str | None, str]:
    before, newest = await service.revisions()
    await service.upgrade()
    return before, newest
