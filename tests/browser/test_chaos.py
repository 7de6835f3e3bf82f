"""Chaos in a real browser: a message is refused, the visitor is told, and then it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.test_story import say

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Tries again soon."""
    return settings | {"MAIL_RETRY_FIRST": "2s"}


@pytest.fixture
def has_scripts() -> bool:
    """As in most browsers."""
    return True


async def test_a_message_that_chaos_refuses_is_tried_again_and_sent(page: Page) -> None:
    await page.goto("/dev/mail/chaos")
    await page.get_by_label("refuse messages for now").check()
    await page.get_by_label("Number of messages").fill("1")
    await page.get_by_role("button", name="Switch it on").click()
    await expect(page.get_by_role("status")).to_contain_text("1 more message")

    await say(page, "Ada")
    progress = page.locator(".progress")
    await expect(progress).to_contain_text("The next attempt is at")
    await expect(progress).to_contain_text("was sent", timeout=20_000)

    await page.get_by_role("link", name="Read the message").click()
    await expect(page.frame_locator("iframe").locator("body")).to_contain_text("User Ada")
    await expect(page.get_by_text("Chaos:")).to_have_count(0)


async def test_chaos_is_switched_off_from_its_page(page: Page) -> None:
    await page.goto("/dev/mail/chaos")
    await page.get_by_label("stall after DATA").check()
    await page.get_by_role("button", name="Switch it on").click()
    await page.get_by_role("link", name="Mailbox").click()
    await expect(page.get_by_role("main").get_by_text("will stall after DATA")).to_be_visible()

    await page.get_by_role("link", name="Change it").click()
    await page.get_by_role("button", name="Switch it off").click()

    await expect(page.get_by_text("will stall after DATA")).to_have_count(0)
