"""The eraser: how little those who write to a SQLite file wait for what is deleted from it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import event

from quartapp.database import Database, DatabaseBusy

PAGES = 2000
"""More than SQLite checkpoints by itself after a commit."""


@pytest.fixture
async def file(tmp_path):
    """A database's file with a table that has a few megabytes in it, and no log."""
    path = tmp_path / "notes.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)")
        connection.execute("INSERT INTO notes VALUES (1, ?)", (b"a secret " * 450 * PAGES,))
    return path


@pytest.fixture
async def database(file):
    """The same, opened by us."""
    database = Database(f"sqlite+aiosqlite:///{file}")
    yield database
    await database.dispose()


def delete(driver):
    return driver.execute("DELETE FROM notes").rowcount


async def test_the_lock_is_free_before_the_event_loop_goes_on(database, file):
    others = []

    def write(_connection):
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
            others.append(other.execute("INSERT INTO notes VALUES (2, 'tea')").rowcount)

    event.listen(database.eraser.engine.sync_engine, "commit", write)
    deleted = await database.eraser.erase(delete)

    assert (deleted, others) == (1, [1])


async def test_a_deletion_leaves_the_file_to_a_checkpoint(database, file):
    before = file.read_bytes()
    await database.eraser.erase(delete)
    after = file.read_bytes()
    await database.eraser.checkpoint()

    assert after == before
    assert b"a secret" not in file.read_bytes()


async def test_a_deletion_waits_for_no_disk_while_it_has_the_lock(database):
    def level(driver):
        return driver.execute("PRAGMA synchronous").fetchone()

    assert await database.eraser.erase(level) == (1,)


async def test_a_checkpoint_waits_for_nobody_who_writes(file):
    database = Database(f"sqlite+aiosqlite:///{file}", patience=60)
    await database.eraser.erase(delete)
    async with database.writing() as connection:
        await connection.exec_driver_sql("INSERT INTO notes VALUES (2, 'tea')")
        async with asyncio.timeout(5):
            await database.eraser.checkpoint()
    await database.dispose()

    assert b"a secret" not in file.read_bytes()


async def test_a_deletion_that_fails_changes_nothing(database):
    def fail(driver):
        driver.execute("DELETE FROM notes")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.eraser.erase(fail)

    assert await database.eraser.erase(delete) == 1


async def test_a_lock_that_another_process_holds_is_told_of(file):
    database = Database(f"sqlite+aiosqlite:///{file}", patience=0.01)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            await database.eraser.erase(delete)
    await database.dispose()
