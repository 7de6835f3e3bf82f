"""Registrations: many at once, each whole or not at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import aiosqlite
import pytest
from sqlalchemy import event
from werkzeug.exceptions import TooManyRequests

from quartapp.database import DatabaseBusy
from quartapp.mail.testing import message
from quartapp.models import User
from quartapp.web.limits import NewUsers
from quartapp.web.registrations import Registration, Registrations
from tests.fixtures.visitor import people


def about(name: str, client: str = "192.0.2.1") -> Registration:
    """A new user, and the written about them."""
    written = message(subject=f"about {name}", sender="a@example.org")
    return Registration(User(username=name, created_at=datetime.now(UTC)), written, client)


@pytest.fixture
def registrations(app) -> Registrations:
    return app.extensions["registrations"]


async def subjects(app) -> list[str]:
    return sorted(delivery.subject for delivery in await app.extensions["mail"].find(limit=100))


async def test_who_comes_together_shares_one_transaction(started):
    commits = []
    names = [f"user {number}" for number in range(20)]
    async with started(QUARTAPP_DISPATCH=False) as app:
        registrations, database = app.extensions["registrations"], app.extensions["database"]
        event.listen(database.writer.sync_engine, "commit", commits.append)
        came = await asyncio.gather(*(registrations.add(about(name)) for name in names))

        assert all(each.is_new and each.delivery for each in came)
        assert sorted(await people(app)) == sorted(names)
        assert await subjects(app) == sorted(f"about {name}" for name in names)
    assert len(commits) == 1


async def test_of_those_with_one_name_the_first_gets_it(app, registrations):
    came = await asyncio.gather(*(registrations.add(about("Ada")) for _ in range(10)))

    assert [each.is_new for each in came] == [True] + [False] * 9
    assert await people(app) == ["Ada"]
    assert await subjects(app) == ["about Ada"]


async def test_one_who_adds_too_many_is_refused_and_nobody_else(app, registrations):
    registrations = Registrations(
        app.extensions["database"], app.extensions["mail"], NewUsers("1/minute")
    )
    clients = {"one": "192.0.2.1", "two": "192.0.2.1", "three": "192.0.2.3"}

    came = await asyncio.gather(
        *(registrations.add(about(*item)) for item in clients.items()), return_exceptions=True
    )

    assert isinstance(came[1], TooManyRequests)
    assert sorted(await people(app)) == ["one", "three"]
    assert await subjects(app) == ["about one", "about three"]


async def test_who_is_known_is_known(registrations):
    await registrations.add(about("Ada"))

    assert await asyncio.gather(registrations.knows("Ada"), registrations.knows("Bob")) == [
        True,
        False,
    ]


async def test_where_nothing_can_be_written_all_are_told(app, registrations):
    async with aiosqlite.connect(app.extensions["database"].url.database) as other:
        await other.execute("BEGIN IMMEDIATE")

        came = await asyncio.gather(
            *(registrations.add(about(f"user {number}")) for number in range(3)),
            return_exceptions=True,
        )

    assert [type(each) for each in came] == [DatabaseBusy] * 3
    assert (await people(app), await subjects(app)) == ([], [])
