"""`mail work`: a process that delivers messages and serves no pages."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from quartapp.mail.cli import logs
from quartapp.mail.cli.process import run, settle, stop_event
from quartapp.mail.cli.progress_bar import progress_bar
from quartapp.mail.cli.start import Start
from quartapp.mail.cli.target import load_service, require_tables, startup_option, with_hooks
from quartapp.mail.errors import MailError
from quartapp.mail.settings import Backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.service import MailService

__all__ = ["work"]


@click.command("work", short_help="Deliver messages without serving pages.")
@startup_option
def work() -> None:
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
    _log_at_least_text()
    with Start(service.host.name) as start:
        run(_work(service, start))


async def _work(service: MailService, start: Start) -> None:
    stop = stop_event()
    service.dispatches = True
    async with with_hooks(service), service.host.app_context(), _running(service):
        start.over()
        settle()
        where = _destination(service)
        click.echo(f"{service.host.name} delivers messages to {where} (Ctrl-C to stop)")
        async with progress_bar(service):
            await stop.wait()


@asynccontextmanager
async def _running(service: MailService) -> AsyncIterator[None]:
    try:
        await service.start()
    except MailError:
        # Where it is the tables, name the command for this very app.
        await require_tables(service)
        raise
    try:
        yield
    finally:
        await service.stop()


def _destination(service: MailService) -> str:
    if service.settings.backend is Backend.MAILBOX:
        return "the development mailbox"
    return f"{service.settings.server}:{service.settings.port}"


def _log_at_least_text() -> None:
    """Show what happens to messages where the app has said nothing about its log."""
    if not logging.getLogger("quartapp.mail").hasHandlers():
        logs.configure("text", "INFO")
