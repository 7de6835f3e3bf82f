"""What a command is about: an application's mail service, while nothing is served or delivered."""

from __future__ import annotations

import asyncio
import sys
from getpass import getuser
from typing import TYPE_CHECKING, Any, TypeVar

import click

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import MailError
from quartapp.mail.lines import escaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.service import MailService

__all__ = ["ask", "command_line", "load_host", "require_tables", "service_of", "who"]

T = TypeVar("T")


def load_host() -> Any:
    """The application whose mail the running command is about. Raises what loading it raises."""
    load: Callable[[], Any] = click.get_current_context().obj
    return load()


def service_of(host: Any) -> MailService:
    """The mail service of an application. Raises `SystemExit` with a sentence if it has none."""
    service: MailService | None = host.extensions.get("mail")
    if service is None:
        sys.exit(f"{host.name} has no mail: call mail.init_app(app).")
    return service


def ask(question: Callable[[MailService], Awaitable[T]], *, on_tables: bool = True) -> T:
    """Put a question to the mail service, or have it change something.

    on_tables
        Whether the mail tables must be there, and of the newest version.

    Raises `SystemExit` with one sentence when the database is away or at another version, or
    what is asked for cannot be.
    """
    try:
        return asyncio.run(_ask(load_host(), question, on_tables))
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


async def _ask(host: Any, question: Callable[[MailService], Awaitable[T]], on_tables: bool) -> T:
    service = service_of(host)
    try:
        async with host.app_context():
            if on_tables:
                await require_tables(service)
            return await question(service)
    finally:
        await service.outbox.database.dispose()


async def require_tables(service: MailService) -> None:
    """Raise `SystemExit` with a sentence unless the mail tables are of the newest version."""
    current, newest = await service.revisions()
    if current == newest:
        return
    have = f"are at version {current}, not {newest}" if current else "do not exist yet"
    sys.exit(f"The mail tables {have}: run {command_line('upgrade')}")
