"""SQLite: one writer at a time, readers beside it, and a file that may be locked or full."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import pytest
from sqlalchemy import func, select, text

from quartapp.database import Database, DatabaseBusy, DatabaseUnavailable, NestedWrite
from quartapp.models import MIGRATIONS, User
from tests.fixtures.disk import fill
from tests.users import join, names

SHORT = 0.05


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def sqlite(sqlite_url):
    """An open SQLite database with the application's tables, whose users have little patience."""
    database = Database(sqlite_url, patience=SHORT)
    await MIGRATIONS.upgrade(database)
    yield database
    await database.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 50)],
)
async def test_both_engines_are_set_up(sqlite, pragma, value):
    async with sqlite.writing() as connection:
        written = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
    async with sqlite.reading() as connection:
        read = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()

    assert (written, read) == (value, value)


def test_writers_take_turns_in_one_event_loop_after_another(sqlite_url):
    database = Database(sqlite_url)

    async def write_at_once(*users):
        await MIGRATIONS.upgrade(database)
        await asyncio.gather(*(join(database, user) for user in users))
        found = await names(database)
        await database.dispose()
        return found

    # So many that some of them wait: who takes a turn at once needs no event loop.
    asyncio.run(write_at_once(*"abcdefgh"))

    assert asyncio.run(write_at_once(*"ijklmnop")) == list("abcdefghijklmnop")


async def test_writers_take_turns_in_the_order_in_which_they_came(sqlite_url):
    database, order = Database(sqlite_url), []
    await MIGRATIONS.upgrade(database)

    async def write(number):
        async with database.transaction() as session:
            order.append(number)
            session.add(User(username=str(number)))

    await asyncio.gather(*(write(number) for number in range(50)))

    assert order == list(range(50))
    await database.dispose()


async def test_a_writer_who_gave_up_holds_nobody_up(sqlite_url):
    database = Database(sqlite_url)
    await MIGRATIONS.upgrade(database)
    async with database.transaction():
        waiters = [asyncio.create_task(join(database, name)) for name in ("ada", "bob", "cy")]
        await asyncio.sleep(0)
        waiters[1].cancel()

    await asyncio.wait(waiters)

    assert await names(database) == ["ada", "cy"]
    await database.dispose()


async def test_a_writer_who_waits_too_long_is_told(sqlite):
    async with sqlite.transaction():
        with pytest.raises(DatabaseBusy, match=r"no turn to write within 0\.05 s"):
            await asyncio.create_task(join(sqlite, "ada"))

    await join(sqlite, "bob")

    assert await names(sqlite) == ["bob"]


async def test_those_who_wait_hold_no_connection(sqlite):
    async with sqlite.transaction():
        waiters = [asyncio.create_task(join(sqlite, str(number))) for number in range(10)]
        await asyncio.sleep(0)
        in_use = sqlite.writer.pool.checkedout(), sqlite.engine.pool.checkedout()
        for waiter in waiters:
            waiter.cancel()

    await asyncio.wait(waiters)

    assert in_use == (1, 0)


async def test_a_write_inside_a_write_is_refused_at_once(sqlite):
    async with sqlite.transaction():
        with pytest.raises(NestedWrite, match="pass session="):
            async with sqlite.transaction():
                pytest.fail("it waited for itself")


async def test_a_reader_does_not_wait_for_a_writer(sqlite):
    await join(sqlite, "ada")

    async with sqlite.transaction() as session:
        session.add(User(username="bob"))
        await session.flush()
        during = await names(sqlite)

    assert (during, await names(sqlite)) == (["ada"], ["ada", "bob"])


async def test_a_reader_sees_one_moment(sqlite):
    async with sqlite.session() as session:
        before = await session.scalar(select(func.count(User.id)))
        await join(sqlite, "ada")
        after = await session.scalar(select(func.count(User.id)))

    assert (before, after) == (0, 0)


async def test_a_session_to_read_with_does_not_write(sqlite):
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        async with sqlite.session() as session:
            await session.execute(text("DELETE FROM users"))


async def test_a_savepoint_is_part_of_its_transaction(sqlite):
    with suppress(ZeroDivisionError):
        async with sqlite.transaction() as session:
            async with session.begin_nested():
                session.add(User(username="ada"))
            raise ZeroDivisionError

    assert await names(sqlite) == []


async def test_a_write_lock_of_another_process_is_told_and_got_over(sqlite):
    path = sqlite.url.database
    locker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCKER, path,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await locker.stdout.readline()

    with pytest.raises(DatabaseBusy, match="another connection writes"):
        await join(sqlite, "ada")
    during = await names(sqlite)
    await locker.communicate(b"")
    await join(sqlite, "bob")

    assert (during, await names(sqlite)) == ([], ["bob"])


async def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "messages.sqlite").write_text("Dear Ada,\n" * 500)
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/messages.sqlite")

    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await names(database)

    await database.dispose()


async def test_a_folder_that_is_not_there_is_told(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/nowhere/messages.sqlite")

    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        await names(database)

    await database.dispose()


async def test_a_full_disk_is_told_and_got_over(small_disk):
    database = Database(f"sqlite+aiosqlite:///{small_disk}/messages.sqlite")
    await MIGRATIONS.upgrade(database)
    await join(database, "ada")
    filler = fill(small_disk)

    with pytest.raises(DatabaseUnavailable, match="full"):
        await join(database, "b" * 60_000)
    filler.unlink()
    await join(database, "cy")

    assert await names(database) == ["ada", "cy"]
    await database.dispose()
