"""`mail work`: a process that delivers messages and serves no pages."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from quartapp.mail.cli import logs
from quartapp.mail.cli.process import run, settle, stop_event
from quartapp.mail.cli.progress_bar import progress_bar
from quartapp.mail.cli.start import Start
from quartapp.mail.cli.target import load_service
from quartapp.mail.settings import Backend

if TYPE_CHECKING:
    from quartapp.mail.service import MailService

__all__ = ["work"]


@click.command("work", short_help="Deliver messages without serving pages.")
@click.option("--startup", is_flag=True, help="Run the app's own before_serving hooks, too.")
def work(startup: bool) -> None:
    """Deliver messages, without serving pages, until Ctrl-C or SIGTERM.

    Needs no web server. It delivers whatever MAIL_DISPATCH says: set that to false where pages
    are served, and run as many of these as the messages need. A terminal sees a progress bar
    while a backlog drains.

    The hooks that the app runs when it starts to serve are left alone, since a stored message
    needs none of them; --startup runs them, for an app that opens its database in one.

    At the end it waits for the server's reply to messages that were sent completely, and
    releases the others: a second Ctrl-C does not wait for that.
    """
    service = load_service()
    if startup and not hasattr(service.host.app, "startup"):
        raise click.UsageError("--startup needs an app: name it with --app.")
    _log_at_least_text()
    with Start(service.host.name) as start:
        run(_work(service, start, with_hooks=startup))


async def _work(service: MailService, start: Start, *, with_hooks: bool) -> None:
    stop = stop_event()
    service.dispatches = True
    async with AsyncExitStack() as stack:
        if with_hooks:
            await service.host.app.startup()
            stack.push_async_callback(service.host.app.shutdown)
        await stack.enter_async_context(service.host.app_context())
        await stack.enter_async_context(service.running())
        start.over()
        settle()
        where = _destination(service)
        click.echo(f"{service.host.name} delivers messages to {where} (Ctrl-C to stop)")
        async with progress_bar(service):
            await stop.wait()


def _destination(service: MailService) -> str:
    if service.settings.backend is Backend.MAILBOX:
        return "the development mailbox"
    return f"{service.settings.server}:{service.settings.port}"


def _log_at_least_text() -> None:
    """Show what happens to messages where the app has said nothing about its log."""
    if not logging.getLogger("quartapp.mail").hasHandlers():
        logs.configure("text", "INFO")
