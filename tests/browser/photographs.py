"""Takes pictures of the pages: `python -m tests.browser.photographs` those of the README.

`--all FOLDER` takes every sight, at 1280 and 390 pixels, light and dark, to be looked at. Chromium
is found as for the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from quartapp import create_app
from tests.browser.conftest import find_chromium, launched, programs
from tests.browser.gallery import DESKTOP, PHONE, Gallery, served
from tests.browser.sights import SIGHTS, Sight

if TYPE_CHECKING:
    from playwright.async_api import Page

PICTURES = Path(__file__).parent / "screenshots"
WIDTH, HEIGHT = 960, 720
STILL = {
    "outbox": Sight("outbox", "/outbox/"),
    "preview": Sight("preview", "/dev/mail/previews/new_user?width=phone&scheme=dark"),
}


async def photograph_story(page: Page, folder: Path) -> None:
    """A name in the form, and the message that comes of it, in an app that delivers."""
    settings = {"TESTING": True, "MAIL_SUPPRESS_SEND": False, "FLASKY_ADMIN": "you@example.com"}
    app = create_app(settings | {"QUARTAPP_INSTANCE": str(folder)})
    async with served(app) as address:
        await page.goto(address)
        await page.get_by_label("What is your name?").fill("Ada")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("was sent")
        await page.screenshot(path=PICTURES / "page.png")
        await page.get_by_role("link", name="Read the message").click()
        await expect(page.frame_locator("iframe").locator("body")).to_contain_text("User Ada")
        await page.screenshot(path=PICTURES / "mailbox.png")


async def photograph_for_the_readme(gallery: Gallery, folder: Path) -> None:
    """The four that the README shows."""
    for name, sight in STILL.items():
        page = await gallery.show(sight, width=WIDTH, height=HEIGHT)
        await page.screenshot(path=PICTURES / f"{name}.png")
    page = await gallery.show(SIGHTS[0], width=WIDTH, height=HEIGHT)
    await photograph_story(page, folder / "story")


async def photograph_all(gallery: Gallery, folder: Path) -> None:
    """Every sight in every look."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    for sight, width, scheme in product(SIGHTS, (DESKTOP, PHONE), ("light", "dark")):
        page = await gallery.show(sight, width=width, scheme=scheme)
        await page.screenshot(path=folder / f"{sight.name}.{width}.{scheme}.png")


async def main() -> None:
    """Take what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every sight, into this folder")
    folder = parser.parse_args().all
    program = find_chromium() or sys.exit(f"there is no {' or '.join(programs())}")
    with tempfile.TemporaryDirectory() as name:
        async with launched(program) as browser, Gallery.opened(browser, Path(name)) as gallery:
            if folder:
                await photograph_all(gallery, folder)
            else:
                await photograph_for_the_readme(gallery, Path(name))


if __name__ == "__main__":
    asyncio.run(main())
