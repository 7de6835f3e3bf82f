"""One trip to SQLite's thread for each statement."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from functools import partial

import pytest
from sqlalchemy import text

from quartapp.database import Database
from quartapp.database.onehop import OneHopConnection


class Counting(OneHopConnection):
    """Counts its trips."""

    trips = 0

    async def _execute(self, fn, *args, **kwargs):
        self.trips += 1
        return await super()._execute(fn, *args, **kwargs)


@pytest.fixture
async def connection(tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "file.sqlite", check_same_thread=False)
    connection = await Counting(connect, 64)
    await connection.execute("CREATE TABLE things (name TEXT)")
    yield connection
    await connection.close()


async def test_a_statement_and_its_rows_take_one_trip(connection):
    before = connection.trips

    cursor = await connection.cursor()
    await cursor.execute("INSERT INTO things VALUES (?), (?) RETURNING name", ("one", "two"))
    rows = await cursor.fetchall()
    await cursor.close()

    assert rows == [("one",), ("two",)]
    assert connection.trips - before == 1


async def test_a_statement_without_rows_has_none(connection):
    cursor = await connection.cursor()
    await cursor.execute("SELECT name FROM things")
    await cursor.execute("INSERT INTO things VALUES ('one')")

    assert await cursor.fetchall() == []


async def test_a_wrong_statement_is_told_as_ever(connection):
    cursor = await connection.cursor()

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await cursor.execute("SELECT * FROM nowhere")


async def test_our_engines_use_it(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/file.sqlite")
    async with database.reading() as connection:
        await connection.execute(text("SELECT 1"))
        driver = (await connection.get_raw_connection()).driver_connection
    await database.dispose()

    assert isinstance(driver, OneHopConnection)


async def test_begin_travels_with_the_first_statement(connection):
    before = connection.trips

    connection.begin("BEGIN IMMEDIATE")
    cursor = await connection.cursor()
    await cursor.execute("INSERT INTO things VALUES ('one')")

    assert connection.in_transaction
    assert connection.trips - before == 1


async def test_a_transaction_without_a_statement_takes_no_trip(connection):
    before = connection.trips

    connection.begin("BEGIN IMMEDIATE")
    await connection.commit()
    connection.begin("BEGIN IMMEDIATE")
    await connection.rollback()

    assert not connection.in_transaction
    assert connection.trips == before


async def test_what_has_begun_is_rolled_back(connection):
    connection.begin("BEGIN IMMEDIATE")
    await connection.execute("INSERT INTO things VALUES ('one')")
    await connection.rollback()

    cursor = await connection.execute("SELECT name FROM things")
    assert await cursor.fetchall() == []


async def test_a_rollback_comes_after_a_statement_that_was_cut(connection):
    goes_on = threading.Event()
    await connection.create_function("hold", 0, lambda: goes_on.wait(30))
    holding = asyncio.create_task(connection.execute("SELECT hold()"))
    await asyncio.sleep(0)
    connection.begin("BEGIN IMMEDIATE")
    cut = asyncio.create_task(connection.execute("INSERT INTO things VALUES ('one')"))
    await asyncio.sleep(0)
    cut.cancel()

    rolling_back = asyncio.create_task(connection.rollback())
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.wait([holding, cut, rolling_back])
    # Its thread is through with the statement that was cut.
    await connection.execute("SELECT 1")

    assert not connection.in_transaction
