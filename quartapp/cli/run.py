"""`quartapp run`: the app, served in this process."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quartapp import create_app
from quartapp.cli.listening import Listening
from quartapp.cli.reload import Reloader
from quartapp.cli.server import serve

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from quart import Quart

__all__ = ["run"]


@click.command("run")
@click.option("--host", metavar="ADDRESS", help="The address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="NUMBER",
    help="The port; 0 picks a free one.  [default: 5000]",
)
@click.option("--reload", is_flag=True, help="Start again when a file of the app changes.")
def run(host: str | None, port: int | None, reload: bool) -> None:
    """Serve the app, and deliver its messages, until Ctrl-C or SIGTERM.

    The server is hypercorn, with the lower-case settings of config.toml; its bind holds
    where --host and --port are not given. At the end the app may finish what it is doing: a
    second Ctrl-C does not wait for that.
    """
    app = _make_app()
    listening = Listening(app.config["QUARTAPP_CONFIG"], host, port)
    if reload:
        sys.exit(Reloader(lambda: _server_process(listening), _sources(app)).run())
    serve(app, listening)


def _make_app() -> Quart:
    return create_app({"QUARTAPP_PAGES_OPEN": True})


def _server_process(listening: Listening) -> BaseProcess:
    # Spawned, not forked: it must import the app's modules anew.
    context = multiprocessing.get_context("spawn")
    return context.Process(target=_serve_anew, args=(listening,), name="server", daemon=True)


def _serve_anew(listening: Listening) -> None:
    serve(_make_app(), listening)


def _sources(app: Quart) -> list[Path]:
    """List what the app is made of: its package, its templates, its settings."""
    root = Path(app.root_path)
    return [root, root / (app.template_folder or "templates"), app.config["QUARTAPP_CONFIG"]]
