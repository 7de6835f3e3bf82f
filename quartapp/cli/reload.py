"""`quartapp run --reload`: a server that is started again when a file changes."""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

__all__ = ["Reloader"]

LOOK_EVERY = 0.5
"""How long a change may go unnoticed, in seconds."""

SUFFIXES = {".py", ".toml", ".html", ".txt"}


class Reloader:
    """Keeps a process going, and replaces it when one of the files changes.

    The process is asked to stop and waited for, so that the app shuts down as it does in
    production. The very first one must succeed; a later one may fail, it is started again
    after the next change.

    start
        Makes a process that is not started yet.
    folders
        Files, and folders with files, to watch.
    """

    def __init__(self, start: Callable[[], BaseProcess], folders: Iterable[Path]) -> None:
        self._start = start
        self._folders = list(folders)
        self._seen = self._now()
        self._stopping = False
        self._restarted = False

    def run(self) -> int:
        """Run until a signal, or until the process ends by itself. Returns its exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        child = self._started()
        while not self._is_over(child):
            wait([child.sentinel] if child.is_alive() else [], LOOK_EVERY)
            if not self._stopping and self._has_changed():
                click.echo("A file has changed: starting again.", err=True)
                _end(child)
                child, self._restarted = self._started(), True
        return _end(child)

    def _started(self) -> BaseProcess:
        child = self._start()
        child.start()
        return child

    def _is_over(self, child: BaseProcess) -> bool:
        if self._stopping:
            return True
        return not child.is_alive() and (child.exitcode == 0 or not self._restarted)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _has_changed(self) -> bool:
        before, self._seen = self._seen, self._now()
        return before != self._seen

    def _now(self) -> dict[Path, int]:
        return {path: written for folder in self._folders for path, written in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Walk through the files of a folder, or one file, and when each was last written."""
    for path in folder.rglob("*") if folder.is_dir() else [folder]:
        if path.suffix in SUFFIXES:
            # An editor may replace it at this very moment.
            with suppress(FileNotFoundError):
                yield path, path.stat().st_mtime_ns


def _end(child: BaseProcess) -> int:
    """Ask a process to stop and wait for it. Returns its exit code, as a shell would give it."""
    if child.is_alive():
        child.terminate()
    child.join()
    code = child.exitcode or 0
    if code == -signal.SIGTERM:
        return 0
    return 128 - code if code < 0 else code
