"""What the visitor sees of a message under way, in a real browser: live, reloaded, restarted."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from quartapp import create_app
from quartapp.mail.testing import Phase
from tests.browser.conftest import CALM, serving
from tests.browser.test_story import say
from tests.crash.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Locator, Page
    from quart import Quart

    from quartapp.mail.testing import SMTPServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AGAIN = "The mail server asked us to try again later. The next attempt is at"


@pytest.fixture
def settings(settings: dict[str, Any], server: SMTPServer) -> dict[str, Any]:
    """A mail server that can be told to misbehave, and is retried soon."""
    retry = {"MAIL_RETRY_FIRST": "3s"}
    return settings | {"MAIL_SERVER": server.host, "MAIL_PORT": server.port} | retry


@pytest_asyncio.fixture(loop_scope="session")
async def live(browser: Browser, address: str) -> BrowserContext:
    """A visitor's browser in which JavaScript runs."""
    return await browser.new_context(base_url=address, **CALM)


def status(page: Page) -> Locator:
    """The line that says where the message is."""
    return page.get_by_role("status")


async def test_the_line_follows_the_message_from_queued_to_sent(
    live: BrowserContext, server: SMTPServer
) -> None:
    server.stall(Phase.END_OF_DATA, times=1)
    page = await live.new_page()

    await say(page, "Ada")
    await expect(status(page)).to_contain_text("is on its way to the mail server")
    await server.reached(Phase.END_OF_DATA)
    server.resume()

    await expect(status(page)).to_contain_text("was sent; it took")
    await expect(status(page)).to_have_attribute("data-state", "sent")
    assert "@" not in await page.content()


async def test_a_message_that_must_wait_says_why_and_until_when_and_is_seen_to_be_sent(
    live: BrowserContext, server: SMTPServer
) -> None:
    server.answer(Phase.RCPT, "451 4.7.1 admin@example.com is greylisted")
    page = await live.new_page()

    await say(page, "Ada")
    await expect(status(page)).to_contain_text(f"{AGAIN} ")
    assert "@" not in await page.content()
    server.clear()

    await expect(status(page)).to_contain_text("was sent")


async def test_two_tabs_and_a_reload_tell_the_same(
    live: BrowserContext, server: SMTPServer
) -> None:
    server.stall(Phase.END_OF_DATA, times=1)
    first, second = await live.new_page(), await live.new_page()
    await say(first, "Ada")
    await second.goto("/")
    await expect(status(first)).to_contain_text("on its way")
    await expect(status(second)).to_contain_text("on its way")

    await second.reload()
    await expect(status(second)).to_contain_text("on its way")
    await server.reached(Phase.END_OF_DATA)
    server.resume()

    await expect(status(first)).to_contain_text("was sent")
    await expect(status(second)).to_contain_text("was sent")
    assert await status(first).inner_text() == await status(second).inner_text()


async def test_an_error_in_between_does_not_end_the_following(
    live: BrowserContext, server: SMTPServer
) -> None:
    server.stall(Phase.END_OF_DATA, times=1)
    await live.route("**/events", lambda route: route.fulfill(status=502), times=1)
    page = await live.new_page()

    await say(page, "Ada")
    await server.reached(Phase.END_OF_DATA)
    server.resume()

    await expect(status(page)).to_contain_text("was sent")


async def test_the_line_goes_on_after_the_server_was_restarted(
    browser: Browser, settings: dict[str, Any], server: SMTPServer
) -> None:
    page = await browser.new_page(**CALM)
    async with on_port(0, create_app(settings)) as port:
        await greylisted(page, port, server)

    async with on_port(port, create_app(settings)):
        await expect(status(page)).to_contain_text("was sent")


async def test_without_scripts_a_reload_after_a_restart_is_right(
    browser: Browser, settings: dict[str, Any], server: SMTPServer
) -> None:
    page = await browser.new_page(java_script_enabled=False, **CALM)
    async with on_port(0, create_app(settings)) as port:
        await greylisted(page, port, server)

    async with on_port(port, restarted := create_app(settings)):
        await page.reload()  # answered once the app has started
        [message] = await restarted.extensions["mail"].find()
        await restarted.extensions["mail"].wait(message, timeout=30)
        await page.reload()
        await expect(status(page)).to_contain_text("was sent")
        await expect(page.get_by_role("heading")).to_have_text("Hello, Ada!")


async def greylisted(page: Page, port: int, server: SMTPServer) -> None:
    """Type a name, and see that its message waits; the next time it will be accepted."""
    server.answer(Phase.RCPT, "451 4.7.1 greylisted")
    await say(page, "Ada", at=f"http://127.0.0.1:{port}")
    await until(lambda: says_again(page), lambda: "a message that will be retried")
    server.clear()


async def says_again(page: Page) -> bool:
    """Whether the page, loaded anew, says that the message will be retried."""
    await page.reload()
    return AGAIN in await status(page).inner_text()


@asynccontextmanager
async def on_port(port: int, app: Quart) -> AsyncIterator[int]:
    """The app served on this port; nobody listens there before and after."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        async with serving(app, listening):
            yield listening.getsockname()[1]


async def test_without_scripts_a_page_of_its_own_keeps_up_by_itself(
    page: Page, app: Quart, server: SMTPServer
) -> None:
    server.stall(Phase.END_OF_DATA, times=1)
    await say(page, "Ada")
    await page.get_by_role("link", name="Follow the message").click()
    await expect(status(page)).to_contain_text("on its way")

    await server.reached(Phase.END_OF_DATA)
    server.resume()

    await expect(status(page)).to_contain_text("was sent")
    await expect(page.locator("noscript")).to_have_count(0)
