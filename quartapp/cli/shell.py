"""`quartapp shell`: Python with the app started, and `await` at the prompt."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import os
import platform
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from quart.cli import ScriptInfo

from quartapp import create_app
from quartapp.cli.session import Session, show
from quartapp.cli.start import Start
from quartapp.cli.terminal import Terminal
from quartapp.mail import Mail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import CodeType

    from quart import Quart

__all__ = ["shell"]


@click.command("shell", short_help="Python with the app at hand and top-level await.")
@click.pass_context
def shell(context: click.Context) -> None:
    """Open a Python prompt in the started app, where `await` and `async with` work as typed.

    At a terminal it is a dialogue: Ctrl-C ends the running statement, Ctrl-D the shell.
    From a pipe it runs what it is given as one file, and ends at the first error with exit
    code 1.

    In development the letters that are kept here are also delivered from here; in
    production that is left to the servers.
    """
    app = _find_app(context)
    if app.config.get("QUARTAPP_ENV") == "production":
        _leave_letters_to_the_servers(app)
    shared = contextvars.copy_context()
    with asyncio.Runner() as runner:
        error = runner.run(_open(app, shared), context=shared)
    if error is not None:
        raise error


def _find_app(context: click.Context) -> Quart:
    """Find the app that `quart --app` names; under `quartapp` it is ours."""
    info = context.find_object(ScriptInfo)
    if info is not None:
        return info.load_app()
    return create_app({"QUARTAPP_PAGES_OPEN": False})


def _leave_letters_to_the_servers(app: Quart) -> None:
    app.config["QUARTAPP_DISPATCH"] = False
    app.extensions["mail"].bind(app)


async def _open(app: Quart, shared: contextvars.Context) -> SystemExit | None:
    async with _started(app), app.app_context():
        async with Session(shared) as session:
            session.names.update(app.make_shell_context())
            if sys.stdin.isatty():
                ending = await _dialogue(session, _banner(app, session))
            else:
                ending = await _script(session)
        await _deliver_what_is_due(app)
        return ending


@asynccontextmanager
async def _started(app: Quart) -> AsyncIterator[None]:
    with Start(app):
        await app.startup()
    try:
        yield
    finally:
        await app.shutdown()


async def _deliver_what_is_due(app: Quart) -> None:
    """Let the letters go out that were kept by the last statements."""
    service = app.extensions.get("mail")
    if isinstance(service, Mail) and service.post.is_running:
        with suppress(TimeoutError):
            async with asyncio.timeout(service.settings.drain_timeout):
                await service.drain()


async def _script(session: Session) -> SystemExit | None:
    """Run what comes from a pipe, as one file."""
    source = await asyncio.to_thread(sys.stdin.read)
    try:
        error = await session.run(session.compile_file(source, "<stdin>"))
    except (SyntaxError, ValueError) as mistake:
        error = mistake.with_traceback(None)
    if error is None or isinstance(error, SystemExit):
        return error
    show(error)
    return SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1)


async def _dialogue(session: Session, banner: str) -> SystemExit | None:
    """Read, run and print until Ctrl-D or `exit()`."""
    if code := _startup_file(session):
        await session.run(code)
    print(banner, file=sys.stderr)
    with Terminal(session.names) as terminal:
        for number in itertools.count(1):
            try:
                error = await session.run(await _statement(session, terminal, f"<input {number}>"))
            except EOFError:
                print()
                return None
            except KeyboardInterrupt:
                print("KeyboardInterrupt")
                continue
            except (SyntaxError, ValueError, OverflowError) as mistake:
                error = mistake.with_traceback(None)
            if isinstance(error, SystemExit):
                return error
            if error is not None:
                show(error)
    return None


async def _statement(session: Session, terminal: Terminal, filename: str) -> CodeType:
    """Read lines until they are a whole statement."""
    source = await terminal.ask(getattr(sys, "ps1", ">>> "))
    while (code := session.compile(source, filename)) is None:
        source += "\n" + await terminal.ask(getattr(sys, "ps2", "... "))
    return code


def _startup_file(session: Session) -> CodeType | None:
    """Compile the file that Python itself runs before a dialogue."""
    path = os.environ.get("PYTHONSTARTUP")
    if not path or not Path(path).is_file():
        return None
    return session.compile_file(Path(path).read_text(), path)


def _banner(app: Quart, session: Session) -> str:
    names = sorted((name for name in session.names if not name.startswith("_")), key=str.lower)
    return (
        f"{app.name} on Python {platform.python_version()}: await and async with work as typed.\n"
        f"At hand: {', '.join(names)}. Ctrl-D ends."
    )
