"""Visitors who leave at any moment: their name and its message are stored, or neither is."""

from __future__ import annotations

import asyncio
import gc
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select

from quartapp import create_app
from quartapp.database import Database
from quartapp.mail import Status
from quartapp.models import MIGRATIONS, Role, User
from tests.crash.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from quart import Quart


REQUESTS = 300
AT_ONCE = 10
FOR_EVER = 60.0
SEED = 20261124


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[Quart]:
    """The whole app; its messages are delivered by somebody else."""
    app = create_app(
        {
            "TESTING": True,
            "MAIL_SUPPRESS_SEND": False,
            "WTF_CSRF_ENABLED": False,
            "QUARTAPP_INSTANCE": str(tmp_path),
            "QUARTAPP_RATE_LIMIT": "off",
            "QUARTAPP_LOG_LEVEL": "ERROR",
            "QUARTAPP_DISPATCH": False,
            "DATABASE_URL": database_url,
            "FLASKY_ADMIN": "admin@example.com",
            "MAIL_SERVER": "localhost",
        }
    )
    async with app.test_app():
        yield app


async def visit(app: Quart, name: str, stay: float) -> bool:
    """Send the form, and hang up after so many seconds; whether the answer had come."""
    connection = app.test_client().request(
        "/", method="POST", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    async with connection:
        await connection.send(f"name={name}".encode())
        await connection.send_complete()
        with suppress(TimeoutError):
            async with asyncio.timeout(stay):
                await connection.receive()
        await connection.disconnect()
    return connection.status_code is not None


async def joined(app: Quart) -> int:
    """How many users there are."""
    async with app.extensions["database"].session() as session:
        return int(await session.scalar(select(func.count()).select_from(User)))


def held(app: Quart) -> dict[str, Any]:
    """What must not pile up: tasks, database connections, and the turn to write."""
    database = app.extensions["database"]
    return {
        "tasks": sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks()),
        "connections": sum(each.pool.checkedout() for each in database.engines),
    }


async def visit_together(app: Quart, first: int, stays: list[float]) -> int:
    """Some visitors at once, each with a name of their own; how many saw the answer."""
    visits = (visit(app, f"visitor {first + n}", stay) for n, stay in enumerate(stays))
    return sum(await asyncio.gather(*visits))


@pytest.mark.timeout(180)
async def test_hundreds_of_visitors_who_leave_at_any_moment_leave_users_and_messages_equal(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(SEED)  # noqa: S311
    loop = asyncio.get_running_loop()
    before, started = held(app), loop.time()
    answered = await visit_together(app, 0, [FOR_EVER] * AT_ONCE)
    longest = loop.time() - started

    for first in range(AT_ONCE, REQUESTS, AT_ONCE):
        stays = [chance.uniform(0, longest) for _ in range(AT_ONCE)]
        answered += await visit_together(app, first, stays)

    async def is_done() -> bool:
        return held(app) == before

    await until(is_done, lambda: f"nothing held, not {held(app)}")
    users, messages = await joined(app), await app.extensions["mail"].stats()
    print(f"{users} users; {answered} of {REQUESTS} visitors saw the answer")
    assert AT_ONCE < answered <= users < REQUESTS
    assert users == messages[Status.QUEUED] == sum(messages.values())
    assert before == {"tasks": before["tasks"], "connections": 0}
    assert [record.getMessage() for record in caplog.records] == []
    assert await visit(app, "the last", FOR_EVER)
    assert await joined(app) == users + 1


@pytest.fixture
def no_garbage_collector() -> Iterator[None]:
    """What is left behind stays."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collector")
async def test_a_write_that_is_cut_at_any_moment_lets_go_of_the_lock(sqlite_url: str) -> None:
    database = Database(sqlite_url, patience=0.5)
    await MIGRATIONS.upgrade(database)

    async def add(name: str) -> None:
        async with database.transaction() as session:
            await session.execute(insert(Role).values(name=name).returning(Role.id))

    for number in range(100):
        with suppress(TimeoutError):
            async with asyncio.timeout(number % 25 * 0.0002):
                await add(f"cut {number}")
        await add(f"whole {number}")

    async with database.session() as session:
        whole = select(func.count()).select_from(Role).where(Role.name.startswith("whole"))
        assert await session.scalar(whole) == 100
    await database.dispose()
