"""An outbox on empty tables: each test over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from quartapp.database import Database
from quartapp.mail.outbox import Outbox, metadata
from quartapp.mail.settings import Backend, MailSettings
from tests.mail.outbox.sample import HandClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fixtures.postgres_server import PostgresServer


PATIENCE = 30.0
"""Seconds: what is tested here is not how long one waits for a connection."""


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the mail tables in it."""
    path = tmp_path_factory.mktemp("migrated") / "messages.sqlite"
    asyncio.run(_upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres_session: PostgresServer) -> str:
    """The address of a PostgreSQL database with the mail tables in it, emptied for each test."""
    url = postgres_session.url(postgres_session.create_database())
    asyncio.run(_upgrade(url))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with mail tables, used by no other test meanwhile."""
    if request.param == "postgres":
        return str(request.getfixturevalue("migrated_database"))
    copy = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path)
    return f"sqlite+aiosqlite:///{copy}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The database, open and empty; it may take its time to open connections."""
    database = Database(url, patience=PATIENCE)
    if url.startswith("postgresql"):
        # A SQLite file is a copy of an empty one.
        async with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
    yield database
    await database.dispose()


@pytest.fixture
def clock() -> HandClock:
    """The time, which stands still until a test lets it go on."""
    return HandClock()


@pytest.fixture
def outbox(database: Database, clock: HandClock) -> Outbox:
    """The outbox of an SMTP backend."""
    return Outbox(database, MailSettings(backend=Backend.SMTP), clock)


@pytest.fixture
async def other(url: str, clock: HandClock) -> AsyncIterator[Outbox]:
    """The same outbox as another process sees it: with connections of its own."""
    database = Database(url, patience=PATIENCE)
    yield Outbox(database, MailSettings(backend=Backend.SMTP), clock)
    await database.dispose()


async def _upgrade(url: str) -> None:
    database = Database(url, patience=PATIENCE)
    await Outbox(database, MailSettings(), HandClock()).upgrade()
    await database.dispose()
