"""A process that goes on until it is told to stop: its event loop, its signals, its heap."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["run", "settle", "stop_event"]

YOUNG = 10_000
"""How many more objects may be made than freed until the youngest are looked through: some requests
and messages at once make a thousand, and leave none of them in cycles."""

OLDER = 20


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it on uvloop's event loop where the extra `fast` is installed, else on asyncio's."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


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
            click.echo("Stopping. Press Ctrl-C again to stop at once.", err=True)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    _when_orphaned(loop, stop.set)
    return stop


def settle() -> None:
    """Keep the garbage collector from looking through the program itself, again and again.

    For the one who owns the process, once everything is loaded. Each such look stops every request
    for some tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory


def _when_orphaned(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def once() -> None:
        loop.remove_reader(parent.sentinel)
        act()

    loop.add_reader(parent.sentinel, once)
