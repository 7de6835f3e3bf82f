"""hypercorn in this process: it starts the app, says where it is, and stops on a signal."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
from typing import TYPE_CHECKING

import click
from hypercorn.asyncio import serve as serve_with_hypercorn

from quartapp.cli.requests import Requests
from quartapp.cli.start import Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from quart import Quart

    from quartapp.cli.listening import Listening

__all__ = ["serve"]

FAREWELL = 1.0
"""How long a request that is ended may take for its last words, in seconds."""


def serve(app: Quart, listening: Listening) -> None:
    """Serve until SIGINT or SIGTERM, then let the app finish; a second Ctrl-C ends at once.

    Raises `SystemExit` with a sentence when the app cannot start.
    """
    # Less than a warning it says only where it listens; we say that better.
    logging.getLogger("quartapp.server").addFilter(lambda record: record.levelno > logging.INFO)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner, Start(app) as start:
        runner.run(_serve(app, listening, start))


async def _serve(app: Quart, listening: Listening, start: Start) -> None:
    stop = _stop_event()
    requests = Requests(app)
    patience = listening.graceful_timeout
    listening.graceful_timeout = patience + FAREWELL

    async def until_stopped() -> None:
        """Called by hypercorn as soon as it accepts connections; it ends when this returns."""
        start.over()
        if not stop.is_set():
            _announce(app, listening)
        await stop.wait()
        # Long responses may watch this, to end well before they are ended.
        app.shutdown_event.set()
        asyncio.get_running_loop().call_later(patience, requests.cancel)

    await serve_with_hypercorn(requests, listening, shutdown_trigger=until_stopped)


def _stop_event() -> asyncio.Event:
    """Make the event that SIGINT, SIGTERM and the end of the process that reloads us set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        loop.call_soon_threadsafe(begin_to_stop)

    def begin_to_stop() -> None:
        if not stop.is_set():
            click.echo("Stopping. Ctrl-C ends at once.", err=True)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    _when_orphaned(loop, stop.set)
    return stop


def _when_orphaned(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def once() -> None:
        loop.remove_reader(parent.sentinel)
        act()

    loop.add_reader(parent.sentinel, once)


def _announce(app: Quart, listening: Listening) -> None:
    """Print where the page is and, with a mailbox, where its letters are."""
    for url in listening.urls:
        click.echo(f"{app.name} is at {url}/ (Ctrl-C ends)")
    if app.config["MAIL_BACKEND"] == "mailbox":
        click.echo(f"Its letters are at {listening.urls[0]}/dev/mail/")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Find uvloop's event loop where the extra `fast` is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
