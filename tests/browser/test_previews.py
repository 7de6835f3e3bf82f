"""Previews in a real browser: a template is broken, seen to be so, mended, and seen again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page
    from quart import Quart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_broken_template_is_found_and_mended(
    page: Page, app: Quart, tmp_path: Path
) -> None:
    searched = app.jinja_loader.searchpath
    shutil.copytree(searched[0], tmp_path / "templates")
    searched[:] = [str(tmp_path / "templates")]
    template = tmp_path / "templates" / "mail" / "new_user.html"
    whole = template.read_text()

    await page.goto("/dev/mail/previews/")
    await page.get_by_role("link", name="new_user").click()
    message = page.frame_locator("iframe").locator("body")
    await expect(message).to_contain_text("User Ada Lovelace has joined.")

    template.write_text(f"<p>one\n{{{{ user.username | shout }}}}\n{whole}")
    await page.reload()
    await expect(page.get_by_role("alert")).to_have_text("No filter named 'shout'.")
    await expect(page.locator("mark")).to_have_text("   2  {{ user.username | shout }}")

    template.write_text(whole.replace("has joined", "is here"))
    await page.reload()
    await expect(message).to_contain_text("User Ada Lovelace is here.")
