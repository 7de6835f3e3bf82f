"""Databases: fresh copies of one that was filled beforehand, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.processes import work
from benchmarks.variant import Unavailable
from tests.fixtures.postgres_server import PostgresServer, PostgresUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["POSTGRES", "SQLITE", "Copies"]


class Copies(Protocol):
    """A kind of database."""

    def copy(self, messages: int) -> AbstractContextManager[str]:
        """The address of a database with that many messages that are due."""
        ...

    def empty(self) -> AbstractContextManager[str]:
        """The address of a database without a table."""
        ...


class SQLite:
    """Files in a temporary folder."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="benchmarks-")
        self._filled: dict[int, Path] = {}

    @contextmanager
    def copy(self, messages: int) -> Iterator[str]:
        """A copy of the file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "outbox.sqlite"
            shutil.copy(self._original(messages), path)
            yield f"sqlite+aiosqlite:///{path}"

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A file that is not there yet."""
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{folder}/empty.sqlite"

    def _original(self, messages: int) -> Path:
        if messages not in self._filled:
            path = Path(self._folder.name) / f"{messages}.sqlite"
            url = f"sqlite+aiosqlite:///{path}"
            work("benchmarks.ours.outbox:fill", url=url, messages=messages)
            self._filled[messages] = path
        return self._filled[messages]


class Postgres:
    """Databases of a server of our own, with fsync on."""

    def __init__(self) -> None:
        self._filled: dict[int, str] = {}

    @contextmanager
    def copy(self, messages: int) -> Iterator[str]:
        """A database made from the filled one as its template."""
        server = _server()
        if messages not in self._filled:
            name = server.create_database()
            work("benchmarks.ours.outbox:fill", url=server.url(name), messages=messages)
            self._filled[messages] = name
        with _database(server, self._filled[messages]) as url:
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A new database."""
        with _database(_server()) as url:
            yield url


@contextmanager
def _database(server: PostgresServer, template: str = "template1") -> Iterator[str]:
    name = server.create_database(template)
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


@cache
def _server() -> PostgresServer:
    """Started when first asked for; its guard ends it when this process does."""
    server = PostgresServer()
    try:
        return server.__enter__()
    except PostgresUnavailable as error:
        raise Unavailable(f"PostgreSQL does not start: {error}") from error


SQLITE, POSTGRES = SQLite(), Postgres()
