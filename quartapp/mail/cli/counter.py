"""The counter: where commands speak with the mail service while nothing is served or delivered."""

from __future__ import annotations

import asyncio
import sys
from getpass import getuser
from typing import TYPE_CHECKING, TypeVar

from quartapp import create_app
from quartapp.database import DatabaseUnavailable
from quartapp.mail import MailError
from quartapp.mail.lines import escaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quart import Quart

    from quartapp.mail import Mail

__all__ = ["ask", "make_app", "who"]

T = TypeVar("T")


def make_app() -> Quart:
    """The app of a command: it has the settings, serves no pages and delivers nothing."""
    return create_app({"QUARTAPP_DISPATCH": False, "QUARTAPP_PAGES_OPEN": False})


def ask(question: Callable[[Mail], Awaitable[T]]) -> T:
    """Put a question to the mail service, or have it change something.

    Raises `SystemExit` with one sentence when the database is away or at another version, or
    what is asked for cannot be.
    """
    try:
        return asyncio.run(_ask(make_app(), question))
    except (DatabaseUnavailable, MailError, LookupError) as error:
        sys.exit(escaped(str(error).partition("\n")[0]))


def who() -> str:
    """Whom the log names for what a command did."""
    try:
        name = getuser()
    except (ImportError, KeyError, OSError):
        name = "somebody"
    return f"{name} at the terminal"


async def _ask(app: Quart, question: Callable[[Mail], Awaitable[T]]) -> T:
    service: Mail = app.extensions["mail"]
    try:
        current, newest = await service.revisions()
        if current != newest:
            sys.exit(
                f"the mail tables are at version {current or 'nothing'}, not {newest}: "
                "run quartapp db upgrade"
            )
        return await question(service)
    finally:
        await app.extensions["database"].dispose()
