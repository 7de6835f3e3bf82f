"""The story in a real browser: a name is typed, and a message can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Page
    from quart import Quart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def say(page: Page, name: str, at: str = "") -> str:
    """Type a name as a person does; what the page answers."""
    await page.goto(f"{at}/")
    await page.get_by_label("What is your name?").fill(name)
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("heading")).to_have_text(f"Hello, {name}!")
    return await page.get_by_role("main").inner_text()


async def test_a_name_typed_into_the_page_becomes_a_message_in_the_mailbox(
    page: Page, app: Quart
) -> None:
    greeting = await say(page, "Ada <b>Lovelace</b>")
    await app.extensions["mail"].drain()
    await page.get_by_role("link", name="Mailbox").click()
    await page.get_by_role("link", name="[Flasky] New User").click()
    message = page.frame_locator("iframe").locator("body")

    assert "Pleased to meet you!" in greeting
    await expect(message).to_contain_text("User Ada <b>Lovelace</b> has joined.")


async def test_somebody_who_comes_back_is_greeted_so(page: Page) -> None:
    first = await say(page, "Ada")
    second = await say(page, "Ada")

    assert "Pleased to meet you!" in first
    assert "Happy to see you again!" in second
