"""Being told of a commit: of the root transaction's, whatever savepoints there were inside it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database import Database
from quartapp.database.commit import on_commit


@pytest.fixture
async def database(sqlite_url):
    """A database of this test alone."""
    database = Database(sqlite_url)
    yield database
    await database.dispose()


@pytest.fixture
async def session(database):
    """A session that has begun, and is the test's to commit."""
    async with AsyncSession(database.writer, expire_on_commit=False) as session:
        await session.connection()
        yield session


@pytest.fixture
def told():
    """What was told, in order."""
    return []


async def test_a_commit_is_told_once(session, told):
    on_commit(session.sync_session, lambda: told.append("first"))
    await session.commit()
    await session.connection()
    await session.commit()

    assert told == ["first"]


async def test_it_is_told_after_the_commit_and_in_order(session, database, told):
    await session.execute(text("CREATE TABLE guests (name TEXT)"))
    on_commit(session.sync_session, lambda: told.append("first"))
    on_commit(session.sync_session, lambda: told.append("second"))
    before = list(told)
    await session.commit()

    assert (before, told) == ([], ["first", "second"])


async def test_a_rollback_takes_it_back(session, told):
    on_commit(session.sync_session, lambda: told.append("first"))
    await session.rollback()
    await session.connection()
    await session.commit()

    assert told == []


async def test_a_session_that_is_closed_takes_it_back(database, told):
    session = AsyncSession(database.writer)
    await session.connection()
    on_commit(session.sync_session, lambda: told.append("first"))
    await session.close()
    await session.connection()
    await session.commit()
    await session.close()

    assert told == []


async def test_a_released_savepoint_is_not_a_commit(session, told):
    async with session.begin_nested():
        on_commit(session.sync_session, lambda: told.append("inside"))
    released = list(told)
    await session.commit()

    assert (released, told) == ([], ["inside"])


async def test_a_released_savepoint_goes_with_the_whole(session, told):
    async with session.begin_nested():
        on_commit(session.sync_session, lambda: told.append("inside"))
    await session.rollback()

    assert told == []


async def test_a_savepoint_that_is_rolled_back_takes_back_its_own_alone(session, told):
    on_commit(session.sync_session, lambda: told.append("outside"))
    savepoint = await session.begin_nested()
    on_commit(session.sync_session, lambda: told.append("inside"))
    await savepoint.rollback()
    on_commit(session.sync_session, lambda: told.append("afterwards"))
    await session.commit()

    assert told == ["outside", "afterwards"]


async def test_a_savepoint_released_inside_one_that_is_rolled_back_goes_with_it(session, told):
    outer = await session.begin_nested()
    async with session.begin_nested():
        on_commit(session.sync_session, lambda: told.append("inside"))
    await outer.rollback()
    await session.commit()

    assert told == []


async def test_savepoints_released_one_in_the_other_are_told_in_the_end(session, told):
    async with session.begin_nested(), session.begin_nested(), session.begin_nested():
        on_commit(session.sync_session, lambda: told.append("inside"))
    released = list(told)
    await session.commit()

    assert (released, told) == ([], ["inside"])


async def test_a_rollback_of_the_whole_inside_a_savepoint_takes_everything_back(session, told):
    on_commit(session.sync_session, lambda: told.append("outside"))
    await session.begin_nested()
    on_commit(session.sync_session, lambda: told.append("inside"))
    await session.rollback()
    await session.connection()
    await session.commit()

    assert told == []


async def test_one_session_tells_nothing_of_another(session, told, tmp_path):
    other_database = Database(f"sqlite+aiosqlite:///{tmp_path}/other.sqlite")
    on_commit(session.sync_session, lambda: told.append("first"))
    async with AsyncSession(other_database.writer) as other:
        await other.connection()
        await other.commit()
    await other_database.dispose()

    assert told == []


async def test_however_many_are_to_be_told_there_is_one_listener(session, told):
    for _ in range(100):
        on_commit(session.sync_session, lambda: told.append("one of them"))
    listeners = len(session.sync_session.dispatch.after_commit)
    await session.commit()

    assert (listeners, len(told)) == (1, 100)


async def test_what_is_said_for_one_listener_is_told_together(session, told):
    def tell(*items):
        told.append(items)

    on_commit(session.sync_session, tell, "first", "second")
    async with session.begin_nested():
        on_commit(session.sync_session, tell, "third")
    savepoint = await session.begin_nested()
    on_commit(session.sync_session, tell, "taken back")
    await savepoint.rollback()
    await session.commit()

    assert told == [("first", "second", "third")]
