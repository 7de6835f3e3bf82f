"""Without a mouse: every step is a key, and one sees where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from quartapp.mail.testing import Phase, message

if TYPE_CHECKING:
    from playwright.async_api import Page
    from quart import Quart

    from quartapp.mail.testing import SMTPServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATIENCE = 60
"""Presses of the Tab key after which something counts as out of reach."""

FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const name = element.labels?.[0]?.innerText ?? element.innerText;
  const isVisible = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {name: name.trim(), isVisible};
}"""


@pytest.fixture
def settings(settings: dict[str, Any], server: SMTPServer) -> dict[str, Any]:
    """Messages go to a mail server."""
    return settings | {"MAIL_SERVER": server.host, "MAIL_PORT": server.port}


@pytest.fixture
def has_scripts() -> bool:
    """As in most browsers."""
    return True


async def reach(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus; whatever has it on the way is seen."""
    for _ in range(PATIENCE):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        assert focused["isVisible"], f"{focused['name']!r} does not show that it has the focus"
        if focused["name"].startswith(name):
            return
    pytest.fail(f"{name!r} is out of the keyboard's reach")


async def follow(page: Page) -> None:
    """Press Enter, and wait for where it leads."""
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_the_form_is_filled_in_by_keyboard(page: Page) -> None:
    await page.goto("/")

    await reach(page, "Skip to the content")
    await follow(page)
    await reach(page, "What is your name?")
    await page.keyboard.type("Ada")
    await follow(page)

    await expect(page.get_by_role("heading")).to_have_text("Hello, Ada!")
    await expect(page.get_by_role("status")).to_contain_text("was sent")


async def test_a_failed_message_is_found_and_retried_by_keyboard(
    page: Page, app: Quart, server: SMTPServer
) -> None:
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    mail = app.extensions["mail"]
    await page.goto("/outbox/")
    failed = await mail.wait(await mail.send_later(message(subject="Tea at four")), timeout=30)

    await reach(page, "State")
    await page.keyboard.type("failed")
    await reach(page, "Search")
    await follow(page)
    await reach(page, "Tea at four")
    await follow(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tea at four")
    await reach(page, "Retry")
    await follow(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Retry 1 message?")
    await reach(page, "Retry 1 message")
    await follow(page)

    await expect(page.get_by_role("status")).to_have_text("1 message queued for another attempt.")
    assert (await mail.wait(failed, timeout=30)).status == "sent"
