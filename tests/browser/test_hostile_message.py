"""A message that wants to do something, opened in a real browser with JavaScript on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page
    from quart import Quart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HTML = """Subject: hello
Content-Type: text/html; charset=utf-8

<html><head><meta http-equiv="refresh" content="0;url={trap}/refresh">
<link rel="stylesheet" href="{trap}/style"><script src="{trap}/script"></script>
<style>@import "{trap}/import"; body {{ background: url({trap}/background) }}</style></head>
<body onload="location='{trap}/onload'">
<script>parent.document.title = "taken"; fetch("{trap}/fetch")</script>
<img src="{trap}/picture"><img src="x" onerror="top.location='{trap}/onerror'">
<iframe src="{trap}/frame"></iframe><object data="{trap}/object"></object>
<form action="{trap}/form"><button>press me</button></form>
<a href="javascript:top.location='{trap}/javascript'">run me</a>
<a href="{trap}/link">open me</a>
</body></html>
"""


class Trap:
    """A web server that should hear nothing, and remembers what it hears."""

    def __init__(self) -> None:
        self.address = ""
        self.heard: list[str] = []
        self.called = asyncio.Event()
        self.open: list[asyncio.StreamWriter] = []

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note the path of one request."""
        self.open.append(writer)
        request = await reader.readline()
        if request:  # a browser connects ahead of a click, too
            self.heard.append(request.decode().split()[1])
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            self.called.set()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def trap() -> AsyncIterator[Trap]:
    """A server of somebody else's."""
    somebody = Trap()
    server = await asyncio.start_server(somebody.listen, "127.0.0.1", 0)
    somebody.address = f"http://localhost:{server.sockets[0].getsockname()[1]}"
    yield somebody
    server.close()
    for writer in somebody.open:
        writer.close()
    await server.wait_closed()


@pytest_asyncio.fixture(loop_scope="session")
async def message(app: Quart, trap: Trap, address: str) -> str:
    """Where the message is shown."""
    content = HTML.format(trap=trap.address).replace("\n", "\r\n").encode()
    store = app.extensions["mail"].mailbox.store
    entry = await store.add("a@example.com", ["b@example.com"], content)
    return f"{address}/dev/mail/{entry.id}"


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> Page:
    """An empty tab in which scripts may run."""
    return await browser.new_page()


async def test_a_message_that_is_opened_does_nothing(page: Page, message: str, trap: Trap) -> None:
    await page.goto(message, wait_until="networkidle")
    await page.goto(f"{message}.html", wait_until="networkidle")

    assert trap.heard == []
    assert page.url == f"{message}.html"


async def test_pressing_what_is_in_a_message_does_nothing(
    page: Page, message: str, trap: Trap
) -> None:
    await page.goto(message, wait_until="networkidle")
    frame = page.frame_locator("iframe")

    await frame.get_by_text("press me").click()
    await frame.get_by_text("run me").click()
    await page.reload(wait_until="networkidle")

    assert trap.heard == []
    assert page.url == message
    assert await page.title() == "hello · Mailbox"


async def test_a_link_in_a_message_opens_a_tab_of_its_own(
    page: Page, message: str, trap: Trap
) -> None:
    await page.goto(message)

    await page.frame_locator("iframe").get_by_text("open me").click()
    await trap.called.wait()

    assert trap.heard[0] == "/link"
    assert page.url == message
