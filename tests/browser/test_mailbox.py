"""The mailbox in a real browser: a message's whole life, from its arrival to the empty list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.test_story import say

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page
    from quart import Quart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def mailbox(browser: Browser, address: str) -> Page:
    """The mailbox in a tab of its own, with JavaScript."""
    context = await browser.new_context(base_url=address)
    mailbox = await context.new_page()
    await mailbox.goto("/dev/mail/")
    return mailbox


async def test_a_message_lives_in_the_mailbox(mailbox: Page, page: Page, app: Quart) -> None:
    await expect(mailbox.get_by_role("heading", name="No messages here")).to_be_visible()

    await say(page, "Ada")
    await say(page, "Grace")
    await app.extensions["mail"].drain()
    arrived = mailbox.get_by_role("listitem")
    await expect(arrived).to_have_count(2)
    await expect(mailbox.get_by_role("status")).to_have_text("New message: [Flasky] New User")
    await expect(mailbox).to_have_title("Mailbox (2) · quartapp")

    await arrived.first.get_by_role("link").click()
    message = mailbox.frame_locator("iframe").locator("body")
    await expect(message).to_contain_text("User Grace has joined.")
    await expect(mailbox.get_by_text("Possible problems")).to_have_count(0)

    await mailbox.get_by_role("link", name="Phone").click()
    assert (await mailbox.locator("iframe").bounding_box())["width"] == 390
    await mailbox.get_by_role("link", name="Dark", exact=True).click()
    dark = await message.evaluate("body => getComputedStyle(body).backgroundColor")
    await mailbox.get_by_role("link", name="Light", exact=True).click()
    light = await message.evaluate("body => getComputedStyle(body).backgroundColor")
    assert dark != light

    await mailbox.get_by_role("link", name="Text", exact=True).click()
    await expect(mailbox.locator("pre")).to_contain_text("User Grace has joined.")
    await mailbox.get_by_role("link", name="Headers").click()
    await expect(mailbox.get_by_text("auto-generated")).to_be_visible()
    await mailbox.get_by_role("link", name="Source").click()
    await expect(mailbox.locator("pre")).to_contain_text("Message-ID:")
    async with mailbox.expect_download() as download:
        await mailbox.get_by_role("link", name=".eml").click()
    assert (await download.value).suggested_filename.endswith(".eml")

    await mailbox.get_by_role("link", name="Older").click()
    await mailbox.get_by_role("link", name="Text", exact=True).click()
    await expect(mailbox.locator("pre")).to_contain_text("User Ada has joined.")
    await expect(mailbox.get_by_role("link", name="Newer")).to_be_visible()
    await mailbox.get_by_role("button", name="Delete").click()

    await expect(mailbox).to_have_title("Mailbox · quartapp")
    await mailbox.get_by_label("Search").fill("nobody")
    await mailbox.get_by_label("Search").press("Enter")
    await expect(mailbox.get_by_role("heading", name="Nothing found")).to_be_visible()
    await mailbox.get_by_role("link", name="Show all").click()
    await expect(arrived).to_have_count(1)
    await mailbox.get_by_role("button", name="Empty the mailbox").click()
    await expect(mailbox.get_by_role("heading", name="No messages here")).to_be_visible()


async def test_one_click_leads_from_the_greeting_to_the_message(page: Page, app: Quart) -> None:
    await say(page, "Ada")
    await app.extensions["mail"].drain()

    await page.get_by_role("link", name="Read the message").click()

    message = page.frame_locator("iframe").locator("body")
    await expect(message).to_contain_text("User Ada has joined.")
