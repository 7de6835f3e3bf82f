"""What most tests need: an SMTP server, a database file, a mail service between them."""

from __future__ import annotations

import gc
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from quart import Quart

from quartapp.mail import Mail, MailService
from quartapp.mail.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Serve = Callable[..., AbstractAsyncContextManager[MailService]]

# Other examples each time, for hours: `--hypothesis-profile=long`.
hypothesis.settings.register_profile("long", max_examples=100_000_000, deadline=None)

# The same examples everywhere, and no deadline: a busy machine is no mistake of ours.
hypothesis.settings.load_profile("ci")

MANY = 20_000
"""New objects after which garbage is collected."""

# What is collected now, modules and tests, stays to the end.
gc.disable()

pytest_plugins = [
    "tests.fixtures.bytecode",
    "pytester",
    # Installed, it comes by itself; a checkout that was installed before it had the plugin has not.
    "quartapp.pytest_plugin",
    "tests.fixtures.compiled",
    "tests.fixtures.postgres",
    "tests.fixtures.pgbouncer",
    "tests.fixtures.postfix",
    "tests.fixtures.migrated",
    "tests.fixtures.disk",
    "tests.fixtures.tls",
    "tests.fixtures.app",
    "tests.fixtures.commands",
]


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """An app that a test makes sets how all of us log; the next test begins afresh."""
    ours = logging.getLogger("quartapp")
    before = ours.level, ours.propagate, list(ours.handlers)
    yield
    ours.level, ours.propagate, ours.handlers = before


def pytest_collection_finish() -> None:
    """Have no collection of garbage go through thousands of tests and packages again."""
    gc.collect()
    gc.freeze()
    # Each app leaves thousands of objects in circles; all of them together are soon looked through.
    gc.set_threshold(MANY)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send on what was logged where somebody will read it: of thousands of tests it is much.

    Halves of surrogate pairs are spelt out, which pytest-xdist cannot send.
    """
    report = yield
    is_read = not report.passed or {"P", "A"} & set(item.config.option.reportchars)
    report.sections = [(name, _encodable(text)) for name, text in report.sections if is_read]
    return report


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.fixture
async def server() -> AsyncIterator[SMTPServer]:
    """A real SMTP server on a port of its own."""
    async with SMTPServer() as smtp:
        yield smtp


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file of this test alone."""
    return f"sqlite+aiosqlite:///{tmp_path}/messages.sqlite"


@pytest.fixture
def serve(server: SMTPServer, sqlite_url: str, put_mail_tables: Callable[[str], None]) -> Serve:
    """Run the mail service inside a small Quart app: `async with serve(MAIL_TIMEOUT=1) as mail`.

    In a new SQLite file, and unless MAIL_UPGRADE is given, it finds its tables made.
    """

    @asynccontextmanager
    async def serving(url: str = sqlite_url, **settings: Any) -> AsyncIterator[MailService]:
        clock = settings.pop("clock", None)
        app = Quart(__name__)
        app.config.update(
            DATABASE_URL=url,
            MAIL_SERVER=server.host,
            MAIL_PORT=server.port,
            MAIL_DEFAULT_SENDER="flasky@example.com",
            MAIL_SUPPRESS_SEND=False,
        )
        app.config.update(settings)
        if "MAIL_UPGRADE" not in settings:
            app.config["MAIL_UPGRADE"] = "always"
            if url.startswith("sqlite"):
                put_mail_tables(url)
        Mail(app, clock=clock)
        async with app.test_app():
            yield app.extensions["mail"]

    return serving


@pytest.fixture
async def mail(serve: Serve) -> AsyncIterator[MailService]:
    """The mail service, running, with settings as they come."""
    async with serve() as service:
        yield service
