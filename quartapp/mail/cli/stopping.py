"""The end of a command that goes on until it is told to stop."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["stop_event"]


def stop_event() -> asyncio.Event:
    """Make the event that SIGINT, SIGTERM and the end of the process that reloads us set.

    After the first signal another SIGINT ends the process at once. Another SIGTERM does not: a
    signal to a whole group of processes often comes twice.
    """
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
