"""Apps that are served: this project's and the book's, each on a fresh SQLite file."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.message import RECIPIENT
from benchmarks.processes import finish, free_port, running, script, wait_for_port
from benchmarks.variant import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Served", "book", "quartapp"]

THREADS = 16


@dataclass(frozen=True, slots=True)
class Served:
    """An app that runs."""

    port: int
    pid: int


@contextmanager
def quartapp(mail_port: int, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """This project's app as `quartapp run` serves it in production: hypercorn, one process."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "QUARTAPP_ENV": "production",
            "SECRET_KEY": "a secret of thirty-two characters",
            "SESSION_COOKIE_SECURE": "false",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(mail_port),
            "FLASKY_ADMIN": RECIPIENT,
            "QUARTAPP_INSTANCE": folder,
            "QUARTAPP_LOG_LEVEL": "WARNING",
            "QUARTAPP_RATE_LIMIT": "off",
            **(environment or {}),
        }
        finish([script("quartapp"), "db", "upgrade"], settings)
        command = [script("quartapp"), "run", "--port", str(port)]
        with _served(command, port, Path(folder), settings) as served:
            yield served


@contextmanager
def book(mail_port: int) -> Iterator[Served]:
    """The book's app under gunicorn: one process with a thread for each client of the load."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "BOOK_DATABASE": f"sqlite:///{folder}/book.sqlite",
            "MAIL_PORT": str(mail_port),
        }
        command = [
            *(script("gunicorn"), "--workers", "1", "--threads", str(THREADS)),
            *("--bind", f"127.0.0.1:{port}", "benchmarks.peers.book:create_app()"),
        ]
        with _served(command, port, Path(folder), settings) as served:
            yield served


@contextmanager
def _served(
    command: list[str], port: int, folder: Path, settings: Mapping[str, str]
) -> Iterator[Served]:
    output = folder / "output"
    with running(command, output, settings) as process:
        wait_for_port(port, process, output)
        yield Served(port, process.pid)
        said = output.read_text(errors="replace")
        if re.search(r"Traceback|\bERROR\b", said):
            raise Failed(f"the app had errors: {said[-2000:]}")
