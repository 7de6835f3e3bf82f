"""What a command is about: the mail service of an app that neither serves nor delivers."""

from __future__ import annotations

import asyncio
import sys
from getpass import getuser
from typing import TYPE_CHECKING, TypeVar

import click

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import MailError
from quartapp.mail.lines import escaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.service import MailService

__all__ = ["ask", "command_line", "load_service", "who"]

T = TypeVar("T")


def load_service() -> MailService:
    """The service that the running command is about. Raises what loading its app raises."""
    load: Callable[[], MailService] = click.get_current_context().obj
    return load()


def ask(question: Callable[[MailService], Awaitable[T]], *, on_tables: bool = True) -> T:
    """Put a question to the mail service, or have it change something.

    on_tables
        Whether the mail tables must be there, and of the newest version.

    Raises `SystemExit` with one sentence when the database is away or at another version, or
    what is asked for cannot be.
    """
    try:
        return asyncio.run(_ask(load_service(), question, on_tables))
    except (DatabaseUnavailable, MailError, LookupError) as error:
        sys.exit(escaped(str(error).partition("\n")[0]))


def command_line(name: str) -> str:
    """How another `mail` command is written for the same application."""
    root = click.get_current_context().find_root()
    app = root.params.get("app") or getattr(root.obj, "app_import_path", None)
    return " ".join([root.info_name or "quartapp", *(["--app", app] if app else []), "mail", name])


def who() -> str:
    """Whom the log names for what a command did."""
    try:
        name = getuser()
    except (ImportError, KeyError, OSError):
        name = "an unknown user"
    return f"{name} at the terminal"


async def _ask(
    service: MailService, question: Callable[[MailService], Awaitable[T]], on_tables: bool
) -> T:
    database = service.outbox.database
    try:
        async with service.host.app_context():
            if on_tables:
                await _require_tables(service)
            return await question(service)
    finally:
        await database.dispose()


async def _require_tables(service: MailService) -> None:
    current, newest = await service.revisions()
    if current == newest:
        return
    have = f"are at version {current}, not {newest}" if current else "do not exist yet"
    sys.exit(f"The mail tables {have}: run {command_line('upgrade')}")
