"""Commands as real processes that can be signalled, frozen and killed, and messages for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from quartapp.database import Database
from quartapp.models import MIGRATIONS
from tests.crash.command import Command
from tests.fixtures.forks import ROOT
from tests.fixtures.migrated import put_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quartapp.mail import Mail
    from quartapp.mail.testing import SMTPServer
    from tests.fixtures.forks import Nursery

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]


class Start(Protocol):
    """Starts a command, such as `start("quartapp", "mail", "work", MAIL_PORT=25)`."""

    def __call__(self, *command: str, **settings: Any) -> Command:
        """Start it, with settings in its environment."""


@pytest.fixture
async def start(nursery: Nursery, tmp_path: Path) -> AsyncIterator[Start]:
    """Start a command; it is killed with the test at the latest."""
    started: list[Command] = []
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "QUARTAPP_INSTANCE": str(tmp_path / "instance"),
        "PYTHONUNBUFFERED": "1",
    }

    def start(*command: str, **settings: Any) -> Command:
        given = {name: str(value) for name, value in settings.items()}
        output = tmp_path / f"{command[0]}-{len(started) + 1}.log"
        pid = nursery.start(list(command), environment | given, tmp_path, output)
        started.append(Command(nursery, pid, output))
        return started[-1]

    yield start
    for command in started:
        await command.kill()


@pytest.fixture
def settings(database_url: str, server: SMTPServer) -> dict[str, Any]:
    """Settings of production, with leases that end soon."""
    return {
        "QUARTAPP_ENV": "production",
        "SECRET_KEY": "a secret of thirty-two characters",
        "DATABASE_URL": database_url,
        "MAIL_SERVER": server.host,
        "MAIL_PORT": server.port,
        "MAIL_LEASE": "1.5s",
        "MAIL_TIMEOUT": "1.5s",
        "MAIL_BREAKER_FIRST": "0.1s",
    }


@pytest.fixture
async def keeper(serve: Serve, database_url: str, migrated_app: Path) -> AsyncIterator[Mail]:
    """A mail service on the same database that queues messages and delivers none."""
    if database_url.startswith("sqlite"):
        put_tables(migrated_app, database_url)
    database = Database(database_url)
    await MIGRATIONS.upgrade(database)
    await database.dispose()
    async with serve(database_url, QUARTAPP_DISPATCH=False) as mail:
        yield mail
