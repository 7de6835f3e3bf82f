"""The files of a SQLite database: their owner's alone, wherever they are, whatever the umask."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.database import Database


@contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder):
    """The mode of each file in a folder."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path(folder).iterdir()}


async def written(url):
    """A database that was written to, so that all its files are there."""
    database = Database(url)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS pets (name TEXT)"))
    async with database.session() as session:
        await session.execute(text("SELECT * FROM pets"))
    return database


@pytest.mark.parametrize("query", ["", "?timeout=1", "file:?uri=true"])
async def test_a_new_database_is_for_its_owner_alone(tmp_path, query):
    prefix, _, options = query.rpartition("?")
    url = f"sqlite+aiosqlite:///{prefix}{tmp_path}/app.sqlite?{options}"
    with umask(0):
        database = await written(url)

    found = modes(tmp_path)
    await database.dispose()

    assert found == {"app.sqlite": 0o600, "app.sqlite-wal": 0o600, "app.sqlite-shm": 0o600}


async def test_a_new_database_behind_a_link_is_for_its_owner_alone(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "app.sqlite").symlink_to(tmp_path / "far" / "real.sqlite")
    with umask(0):
        database = await written(f"sqlite+aiosqlite:///{tmp_path}/app.sqlite")

    found = modes(tmp_path / "far")
    await database.dispose()

    assert found["real.sqlite"] == 0o600


async def test_a_new_database_of_a_hosts_engine_is_for_its_owner_alone(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/app.sqlite")
    with umask(0):
        async with Database.over(engine).transaction() as session:
            await session.execute(text("CREATE TABLE pets (name TEXT)"))

    found = modes(tmp_path)
    await engine.dispose()

    assert set(found.values()) == {0o600}


async def test_a_database_that_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "app.sqlite").touch(mode=0o640)
    with umask(0o077):
        database = await written(f"sqlite+aiosqlite:///{tmp_path}/app.sqlite")

    found = modes(tmp_path)
    await database.dispose()

    assert set(found.values()) == {0o640}


async def test_a_database_that_must_exist_is_not_made(tmp_path):
    database = Database(f"sqlite+aiosqlite:///file:{tmp_path}/app.sqlite?uri=true&mode=rw")

    with pytest.raises(Exception, match="unable to open"):
        async with database.session():
            pass

    assert modes(tmp_path) == {}
