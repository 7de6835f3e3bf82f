"""While visitors hold every database connection of theirs, operators and messages go on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from quartapp.database import DatabaseBusy
from quartapp.database.engines import SQLITE_READERS
from quartapp.database.postgres import POSTGRES_CONNECTIONS
from quartapp.database.reserve import context_in_reserve
from quartapp.mail.testing import message
from tests.crash.waiting import until
from tests.fixtures.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.database import Database


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@asynccontextmanager
async def all_visitors_busy(database: Database) -> AsyncIterator[None]:
    """Hold every connection that visitors may have."""
    number = SQLITE_READERS if database.is_sqlite else POSTGRES_CONNECTIONS
    async with AsyncExitStack() as stack:
        for _ in range(number):
            await stack.enter_async_context(database.reading())
        yield


async def test_operator_and_dispatcher_have_connections_of_their_own(started, server, url):
    async with started(DATABASE_URL=url, MAIL_SERVER=server.host, MAIL_PORT=server.port) as app:
        queue = app.extensions["mail"].send_later(message())
        async with all_visitors_busy(app.extensions["database"]):
            await asyncio.create_task(queue, context=context_in_reserve())

            page = await Visitor(app).get("/outbox/")
            visitor = await Visitor(app).get("/deliveries/01")

            await until(lambda: received(server), lambda: "a message")
    assert (page.status_code, visitor.status_code) == (200, 503)


async def received(server) -> bool:
    return bool(server.messages)


async def test_who_is_in_reserve_waits_for_two_writers_at_most(started):
    order: list[str] = []

    async def write(name: str, database: Database) -> None:
        async with database.writing():
            order.append(name)

    async with started(MAIL_DISPATCH=False) as app:
        database = app.extensions["database"]
        async with database.writing():
            visitors = [asyncio.create_task(write("visitor", database)) for _ in range(50)]
            await asyncio.sleep(0)
            operator = asyncio.create_task(
                write("operator", database), context=context_in_reserve()
            )
            await asyncio.sleep(0)
        await asyncio.gather(operator, *visitors)

    assert order.index("operator") <= 1


async def test_a_visitor_is_not_in_reserve(started):
    async with started(MAIL_DISPATCH=False) as app:
        database = app.extensions["database"]
        async with all_visitors_busy(database):
            with pytest.raises(DatabaseBusy):
                async with database.reading():
                    pass
