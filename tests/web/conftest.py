"""The whole app with a mailbox of its own, and somebody who visits it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from quartapp import create_app
from tests.web.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quart import Quart

    Make = Callable[..., Quart]
    Started = Callable[..., AbstractAsyncContextManager[Quart]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make an app that is not started: `make(FLASKY_ADMIN=None)`."""

    def made(**settings: Any) -> Quart:
        defaults = {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "MAIL_SUPPRESS_SEND": False,
            "QUARTAPP_INSTANCE": str(tmp_path),
            "FLASKY_ADMIN": "admin@example.com",
        }
        return create_app(defaults | settings)

    return made


@pytest.fixture
def started(make: Make) -> Started:
    """Run an app: `async with started(QUARTAPP_RATE_LIMIT="2/minute") as app`."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Quart]:
        app = make(**settings)
        async with app.test_app():
            yield app

    return start


@pytest.fixture
def in_production(make: Make) -> Started:
    """Run an app with the settings of production, its database up to date."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Quart]:
        defaults = {
            "QUARTAPP_ENV": "production",
            "SECRET_KEY": "made-for-this-test-alone",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": 1,
        }
        app = make(**defaults | settings)
        await app.extensions["database"].upgrade()
        await app.extensions["mail"].upgrade()
        async with app.test_app():
            yield app

    return start


@pytest.fixture
async def app(started: Started) -> AsyncIterator[Quart]:
    """The app as it is in development, with an administrator."""
    async with started() as running:
        yield running


@pytest.fixture
def visitor(app: Quart) -> Visitor:
    """Somebody who visits it."""
    return Visitor(app)
