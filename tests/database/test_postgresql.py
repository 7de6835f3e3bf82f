"""PostgreSQL: it stops, restarts and crashes, and the database recovers by itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import count

import pytest
from sqlalchemy import select, text

from quartapp.database import Database, DatabaseBusy, DatabaseUnavailable
from quartapp.models import MIGRATIONS, User
from tests.users import join, names

SHORT = 0.05


@pytest.fixture
async def postgresql(postgres_url):
    """An open PostgreSQL database with the application's tables."""
    database = Database(postgres_url, patience=SHORT)
    await MIGRATIONS.upgrade(database)
    yield database
    await database.dispose()


async def test_a_stopped_server_is_told_and_got_over(postgresql, postgres):
    await join(postgresql, "ada")
    await asyncio.to_thread(postgres.stop)

    for asking in (join(postgresql, "bob"), names(postgresql), MIGRATIONS.revisions(postgresql)):
        with pytest.raises(DatabaseUnavailable, match="cannot be"):
            await asking
    await asyncio.to_thread(postgres.start)
    await join(postgresql, "cy")

    assert await names(postgresql) == ["ada", "cy"]


async def test_a_restart_between_two_transactions_goes_unnoticed(postgresql, postgres):
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(postgresql.session())
    await asyncio.to_thread(postgres.restart)

    await join(postgresql, "ada")

    assert await names(postgresql) == ["ada"]


async def test_a_crash_inside_a_transaction_is_told_and_takes_it_back(postgresql, postgres):
    async def crash():
        async with postgresql.transaction() as session:
            session.add(User(username="ada"))
            await session.flush()
            await asyncio.to_thread(postgres.kill)
            await session.scalar(select(User))

    with pytest.raises(DatabaseUnavailable):
        await crash()
    await asyncio.to_thread(postgres.start)

    assert await names(postgresql) == []


async def test_a_crash_before_the_commit_is_told(postgresql, postgres):
    async def crash():
        async with postgresql.transaction() as session:
            session.add(User(username="ada"))
            await session.flush()
            await asyncio.to_thread(postgres.kill)

    with pytest.raises(DatabaseUnavailable):
        await crash()
    await asyncio.to_thread(postgres.start)

    assert await names(postgresql) == []


async def test_restarts_under_load_are_told_in_our_words_alone(postgresql, postgres):
    is_over, told, committed = asyncio.Event(), set(), []

    async def work(worker):
        for number in count():
            try:
                await join(postgresql, f"{worker}-{number}")
                committed.append(f"{worker}-{number}")
                await names(postgresql)
            except Exception as error:  # noqa: BLE001  # that is the question: which ones
                told.add(type(error))
                # A refused connection suspends nobody: the others need their turn.
                await asyncio.sleep(0)
            if is_over.is_set():
                return

    workers = [asyncio.create_task(work(worker)) for worker in range(8)]
    for stop in (postgres.stop, postgres.kill):
        await asyncio.to_thread(stop)
        await asyncio.to_thread(postgres.start)
    is_over.set()
    await asyncio.gather(*workers)

    assert told <= {DatabaseUnavailable, DatabaseBusy}
    assert set(committed) <= set(await names(postgresql))


async def test_a_deadlock_is_told_as_something_to_try_again(postgresql):
    await join(postgresql, "ada")
    await join(postgresql, "bob")
    both = asyncio.Barrier(2)

    async def lock(first, second):
        async with postgresql.transaction() as session:
            await session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            await session.scalar(_locked(first))
            await both.wait()
            await session.scalar(_locked(second))

    outcomes = await asyncio.gather(lock("ada", "bob"), lock("bob", "ada"), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "DatabaseUnavailable",
        "NoneType",
    ]


async def test_without_a_free_connection_one_is_told(postgresql):
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(postgresql.session())

        with pytest.raises(DatabaseBusy, match="every database connection is in use"):
            await names(postgresql)

    assert await names(postgresql) == []


async def test_a_database_that_is_not_there_is_told(postgres_url):
    database = Database(f"{postgres_url}&database=nowhere")

    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        await names(database)

    await database.dispose()


def _locked(name):
    return select(User).where(User.username == name).with_for_update()


async def test_connections_that_were_needed_at_once_are_kept(postgresql):
    async with AsyncExitStack() as stack:
        for _ in range(16):
            await stack.enter_async_context(postgresql.session())

    assert postgresql.engine.pool.checkedin() == 16
