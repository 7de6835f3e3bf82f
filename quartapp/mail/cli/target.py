"""What a command is about: the mail service of an app that neither serves nor delivers."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from getpass import getuser
from typing import TYPE_CHECKING, TypeVar

import click

from quartapp.database import DatabaseUnavailable
from quartapp.mail.cli.start import Start
from quartapp.mail.errors import MailError
from quartapp.mail.events import audit
from quartapp.mail.lines import escaped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable

    from quartapp.mail.service import MailService

__all__ = [
    "ask",
    "command_line",
    "load_service",
    "log_action",
    "require_tables",
    "startup_option",
    "with_hooks",
]

T = TypeVar("T")

STARTUP = f"{__name__}.startup"


def _remember(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    context.meta[STARTUP] = is_given


startup_option = click.option(
    "--startup",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Run the app's own start hooks first, where they open its database.",
)


def load_service() -> MailService:
    """The service that the running command is about. Raises what loading its app raises."""
    context = click.get_current_context()
    load: Callable[[], MailService] = context.obj
    service = load()
    if context.meta.get(STARTUP) and not hasattr(service.host.app, "startup"):
        raise click.UsageError("--startup needs an app: name it with --app.")
    return service


@asynccontextmanager
async def with_hooks(service: MailService) -> AsyncIterator[None]:
    """Between the app's own start and stop hooks, where --startup asks for them."""
    if not click.get_current_context().meta.get(STARTUP):
        yield
        return
    await service.host.app.startup()
    try:
        yield
    finally:
        await service.host.app.shutdown()


def ask(question: Callable[[MailService], Awaitable[T]], *, on_tables: bool = True) -> T:
    """Put a question to the mail service, or have it change something.

    on_tables
        Whether the mail tables must be there, and of the newest version.

    Raises `SystemExit` with one sentence when the database is away or at another version, or
    what is asked for cannot be.
    """
    service = load_service()
    try:
        with Start(service.host.name) as start:
            return asyncio.run(_ask(service, start, question, on_tables))
    except (DatabaseUnavailable, MailError, LookupError) as error:
        sys.exit(escaped(str(error).partition("\n")[0]))


def command_line(name: str) -> str:
    """How another `mail` command is written for the same application."""
    root = click.get_current_context().find_root()
    app = root.params.get("app") or getattr(root.obj, "app_import_path", None)
    return " ".join([root.info_name or "quartapp", *(["--app", app] if app else []), "mail", name])


def log_action(what: str, ids: Collection[str], conditions: Iterable[str] = ()) -> None:
    """Log who did what to which messages, whatever the level of the log. See `audit.note`."""
    try:
        name = getuser()
    except (ImportError, KeyError, OSError):
        name = "an unknown user"
    audit.init()
    audit.note(f"{name} at the terminal", what, ids, conditions)


async def _ask(
    service: MailService,
    start: Start,
    question: Callable[[MailService], Awaitable[T]],
    on_tables: bool,
) -> T:
    service.dispatches = False
    async with with_hooks(service):
        start.over()
        database = service.outbox.database
        try:
            async with service.host.app_context():
                if on_tables:
                    await require_tables(service)
                return await question(service)
        finally:
            # Receivers of the app's: a cancelled message is told of by who cancelled it.
            await service.publisher.settle(service.settings.drain_timeout)
            await database.dispose()


async def require_tables(service: MailService) -> None:
    """Raise `SystemExit` with the command to run unless the tables are of the newest version."""
    current, newest = await service.revisions()
    if current == newest:
        return
    have = f"are at version {current}, not {newest}" if current else "do not exist yet"
    sys.exit(f"The mail tables {have}: run {command_line('upgrade')}")
