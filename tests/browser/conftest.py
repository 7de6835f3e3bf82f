"""A real browser, and the real app served to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypercorn.asyncio import serve
from hypercorn.config import Config
from playwright.async_api import async_playwright, expect

from quartapp import create_app
from quartapp.mail.testing import SMTPServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from playwright.async_api import Browser, Page
    from quart import Quart

# A busy machine is no mistake of ours.
expect.set_options(timeout=30_000)

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The browser's names, the cheapest first: the shell is the engine without windows around it."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

CALM: dict[str, Any] = {"reduced_motion": "reduce"}
"""A tab in which nothing moves: an animation is drawn sixty times a second while a test waits."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found, names = find_chromium(), " or ".join(programs())
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"there is no {names}, and CI must see the page in a browser")
    if found is None:
        pytest.skip(f"there is no {names}: install Chromium, or name it in CHROMIUM")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def program(chromium: str) -> AsyncIterator[Browser]:
    """Chromium: to start it takes longer than most tests, so all of a process share it."""
    async with launched(chromium) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def browser(program: Browser) -> AsyncIterator[Browser]:
    """A browser that remembers nothing, and whose tabs are closed after the test."""
    yield program
    for context in program.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[SMTPServer]:
    """A real SMTP server, in the loop that the browser is in."""
    async with SMTPServer() as smtp:
        yield smtp


@pytest.fixture
def has_scripts() -> bool:
    """Whether JavaScript runs in the tab."""
    return False


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, address: str, has_scripts: bool) -> Page:
    """An empty tab in which "/" is the app."""
    context = await browser.new_context(base_url=address, java_script_enabled=has_scripts, **CALM)
    return await context.new_page()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """An administrator, and nothing else that a person would set."""
    return {
        "TESTING": True,
        "MAIL_SUPPRESS_SEND": False,
        "QUARTAPP_INSTANCE": str(tmp_path),
        "FLASKY_ADMIN": "admin@example.com",
    }


@pytest.fixture
def app(settings: dict[str, Any]) -> Quart:
    """The app with these settings."""
    return create_app(settings)


@pytest_asyncio.fixture(loop_scope="session")
async def address(app: Quart) -> AsyncIterator[str]:
    """Where the app is served."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with serving(app, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def programs() -> Sequence[str]:
    """The names to look for: what `CHROMIUM` in the environment says, else all that we know."""
    named = os.environ.get("CHROMIUM")
    return [named] if named else PROGRAMS


def find_chromium() -> str | None:
    """The path of the first program that there is."""
    return next(filter(None, map(shutil.which, programs())), None)


@asynccontextmanager
async def launched(chromium: str) -> AsyncIterator[Browser]:
    """The browser of this program, without a window."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        await started.close()


@asynccontextmanager
async def serving(app: Quart, listening: socket.socket) -> AsyncIterator[None]:
    """Hypercorn over a socket that listens already, so that nobody need wait for it."""
    config = Config()
    config.bind = [f"fd://{os.dup(listening.fileno())}"]
    config.loglevel = "WARNING"
    ended = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=ended.wait), name="hypercorn")
    yield
    ended.set()
    await server
