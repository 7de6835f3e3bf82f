"""`quartapp shell`: Python with the app started, and `await` at the prompt."""

from __future__ import annotations

import asyncio
import contextvars
import platform
import sys
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import click
from quart.cli import ScriptInfo, shell_command

from quartapp import create_app
from quartapp.cli.dialogue import converse
from quartapp.cli.session import ShellSession, show
from quartapp.mail import MailService
from quartapp.mail.cli.start import Start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quart import Quart

__all__ = ["shell"]


@click.command("shell")
@click.pass_context
def shell(context: click.Context) -> None:
    """Open a Python prompt in the started app, where `await` and `async with` work as typed.

    At a terminal it is a dialogue: Ctrl-C ends the running statement, Ctrl-D the shell.
    From a pipe it runs what it is given as one file, and ends at the first error with exit
    code 1.

    In development the messages that are queued here are also delivered from here; in
    production that is left to the servers.

    Under `quart` another application than this gets Quart's own shell.
    """
    app = _find_app(context)
    if app.import_name != "quartapp":
        context.invoke(shell_command)
        return
    script = None if sys.stdin.isatty() else sys.stdin.read()
    if app.config.get("QUARTAPP_ENV") == "production":
        _leave_messages_to_the_servers(app)
    shared = contextvars.copy_context()
    with asyncio.Runner() as runner:
        error = runner.run(_open(app, script, shared), context=shared)
    if error is not None:
        raise error


def _find_app(context: click.Context) -> Quart:
    """Find the app that `quart --app` names; under `quartapp` it is ours."""
    info = context.find_object(ScriptInfo)
    if info is not None:
        return info.load_app()
    return create_app({"QUARTAPP_PAGES_OPEN": False})


def _leave_messages_to_the_servers(app: Quart) -> None:
    service = app.extensions.get("mail")
    if isinstance(service, MailService):
        service.dispatches = False


async def _open(
    app: Quart, script: str | None, shared: contextvars.Context
) -> BaseException | None:
    async with _started(app), app.app_context():
        async with ShellSession(shared) as session:
            session.names.update(app.make_shell_context())
            if script is None:
                ending = await converse(session, _banner(app, session))
            else:
                ending = await _run(script, session)
        await _deliver_what_is_due(app)
        return ending


@asynccontextmanager
async def _started(app: Quart) -> AsyncIterator[None]:
    with Start(app.name):
        await app.startup()
    try:
        yield
    finally:
        await app.shutdown()


async def _deliver_what_is_due(app: Quart) -> None:
    """Let the messages be sent that the last statements queued."""
    service = app.extensions.get("mail")
    if not isinstance(service, MailService) or not service.worker.is_running:
        return
    note = "Sending queued mail before exit; Ctrl-C to skip."
    patience = asyncio.get_running_loop().call_later(1.0, partial(click.echo, note, err=True))
    try:
        async with asyncio.timeout(service.settings.drain_timeout):
            await service.drain()
    except TimeoutError:
        click.echo("Unsent mail stays queued.", err=True)
    finally:
        patience.cancel()


async def _run(script: str, session: ShellSession) -> BaseException | None:
    """Run what came from a pipe as one file. Returns the `SystemExit` that it ends with."""
    try:
        error = await session.run(session.compile_file(script, "<stdin>"))
    except (SyntaxError, ValueError) as mistake:
        error = mistake.with_traceback(None)
    if error is None or isinstance(error, SystemExit):
        return error
    show(error)
    return SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _banner(app: Quart, session: ShellSession) -> str:
    names = sorted((name for name in session.names if not name.startswith("_")), key=str.lower)
    return (
        f"{app.name} on Python {platform.python_version()}: await and async with work as typed.\n"
        f"At hand: {', '.join(names)}. Ctrl-D ends."
    )
