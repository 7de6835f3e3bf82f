"""Transactions: whole or not at all, and mistakes that are not taken for outages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import Integer, bindparam, literal, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from quartapp.database import Database, DatabaseUnavailable
from quartapp.models import MIGRATIONS, User
from tests.users import join, names


@pytest.fixture
async def database(database_url):
    """An open database with the application's tables."""
    database = Database(database_url)
    await MIGRATIONS.upgrade(database)
    yield database
    await database.dispose()


async def test_what_was_committed_is_there(database):
    await join(database, "ada")

    assert await names(database) == ["ada"]


async def test_an_error_takes_everything_back(database):
    with suppress(ZeroDivisionError):
        async with database.transaction() as session:
            session.add(User(username="ada"))
            await session.flush()
            raise ZeroDivisionError

    assert await names(database) == []


async def test_a_single_question_is_answered_by_its_first_row(database):
    await join(database, "ada")
    named = select(User.username).where(User.username == bindparam("name"))

    assert await database.first(named, {"name": "ada"}) == ("ada",)
    assert await database.first(named, {"name": "bob"}) is None
    assert database.engine.pool.checkedout() == 0


async def test_a_single_question_to_a_database_that_is_away_is_an_outage(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/nowhere/file.sqlite")

    with pytest.raises(DatabaseUnavailable):
        await database.first(select(literal(1)), {})


async def test_a_transaction_that_is_rolled_back_early_says_so_and_stores_nothing(database):
    async def go_on_after_a_rollback():
        async with database.transaction() as session:
            await session.rollback()
            session.add(User(username="ada"))
            await session.flush()

    with pytest.raises(InvalidRequestError, match="closed transaction"):
        await go_on_after_a_rollback()

    assert await names(database) == []
    assert database.writer.pool.checkedout() == 0


async def test_times_come_back_aware(database):
    await join(database, "ada")

    async with database.session() as session:
        user = await session.scalar(select(User))

    assert user.created_at.utcoffset().total_seconds() == 0


async def test_a_name_that_no_database_can_store_is_stored_in_another_form(database):
    await join(database, "a\0d\ud800a")

    assert await names(database) == ["a�d�a"]


async def test_a_wrong_statement_is_no_outage(database):
    async with database.reading() as connection:
        with pytest.raises(DBAPIError, match="nowhere"):
            await connection.execute(text("SELECT * FROM nowhere"))


async def test_an_error_says_nothing_of_what_the_statement_carried(database):
    value = bindparam("value", "Dear Ada")

    with pytest.raises(DBAPIError, match="no_such_table") as caught:
        async with database.transaction() as session:
            await session.execute(text("SELECT :value FROM no_such_table").bindparams(value))

    assert "Dear Ada" not in str(caught.value)


async def test_a_value_of_the_wrong_kind_is_no_outage(postgres_url):
    database = Database(postgres_url)

    async with database.reading() as connection:
        with pytest.raises(DBAPIError, match="invalid input"):
            await connection.execute(select(literal("ada", Integer)))

    await database.dispose()


async def test_the_callers_own_error_is_left_alone(database):
    with pytest.raises(FileNotFoundError):
        async with database.transaction():
            raise FileNotFoundError


async def test_closing_leaves_nothing_open(database):
    await join(database, "ada")
    await names(database)

    await database.dispose()

    assert {engine.pool.checkedout() for engine in (database.engine, database.writer)} == {0}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ada:secret@localhost/messages", "ada:***@localhost/messages"),
        ("localhost/messages?user=ada&password=secret", "ada:***@localhost/messages"),
        ("localhost/a?sslpassword=secret", "localhost/a"),
    ],
)
def test_no_password_in_its_repr(url, shown):
    database = Database(f"postgresql+asyncpg://{url}")

    assert repr(database) == f"<Database postgresql+asyncpg://{shown}>"
