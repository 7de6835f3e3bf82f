"""hypercorn in this process: it starts the app, prints its address, and stops on a signal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click
from hypercorn.asyncio import serve as serve_with_hypercorn

from quartapp.cli.connections import Connections, most_connections
from quartapp.cli.served import Served
from quartapp.mail.cli.process import run, settle, stop_event
from quartapp.mail.cli.start import Start

if TYPE_CHECKING:
    from quart import Quart

    from quartapp.cli.listening import Listening

__all__ = ["serve"]


def serve(app: Quart, listening: Listening) -> None:
    """Serve until SIGINT or SIGTERM, then let the app finish; a second Ctrl-C ends at once.

    Raises `SystemExit` with a sentence when the app cannot start.
    """
    # Less than a warning it says only where it listens; we say that better.
    logging.getLogger("quartapp.server").addFilter(lambda record: record.levelno > logging.INFO)
    if app.config["QUARTAPP_PAGES_OPEN"] and listening.is_local:
        app.config["QUARTAPP_HOST_BELIEVED"] = True
    with Start(app.name) as start:
        run(_serve(app, listening, start))


async def _serve(app: Quart, listening: Listening, start: Start) -> None:
    stop = stop_event()
    served = Served(app)
    connections = Connections(served, listening, most_connections(_others(app)))

    async def until_stopped() -> None:
        """Called by hypercorn once the app has started; when this returns, the app is stopped."""
        start.over()
        settle()
        if not stop.is_set():
            _announce(app, listening)
        await connections.serve(stop)
        # Long responses may watch this, to end well before they are ended.
        app.shutdown_event.set()
        await connections.end(listening.graceful_timeout)

    await serve_with_hypercorn(served, listening, shutdown_trigger=until_stopped)


def _others(app: Quart) -> int:
    """The file descriptors of the app's own connections: both ends of those to its mailbox."""
    return 2 * int(app.config["MAIL_CONNECTIONS"])


def _announce(app: Quart, listening: Listening) -> None:
    """Print the addresses of the page, and of the mailbox and the outbox where they are open."""
    for url in listening.urls:
        click.echo(f"{app.name} is running at {url}/ (Ctrl-C to stop)")
    url = listening.urls[0]
    if app.config["MAIL_BACKEND"] == "mailbox":
        click.echo(f"Mailbox: {url}/dev/mail/")
    if app.config["QUARTAPP_PAGES_OPEN"] or app.config["OPERATOR_USERNAME"]:
        click.echo(f"Outbox: {url}/outbox/")
