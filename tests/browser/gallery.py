"""A gallery of all pages: two apps, one furnished and one bare, and a browser to look at them."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Self

from quartapp.mail.mailbox import Kind
from tests.browser.conftest import serving
from tests.browser.furnished import furnish, make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page
    from quart import Quart

    from tests.browser.sights import Sight

__all__ = ["DESKTOP", "PHONE", "Gallery"]

DESKTOP, PHONE = 1280, 390
HEIGHT = 800


class Gallery:
    """Shows pages of a furnished app and of a bare one.

    ids
        Of the furnished app's messages, by what they are like.
    """

    def __init__(self, furnished: Page, bare: Page, ids: dict[str, str]) -> None:
        self._furnished = furnished
        self._bare = bare
        self._ids = ids

    @classmethod
    @asynccontextmanager
    async def opened(cls, browser: Browser, folder: Path, script: str = "") -> AsyncIterator[Self]:
        """A gallery seen with this browser, whose apps keep their files in a folder.

        script
            What runs in each page before everything else, whatever its policy forbids.
        """
        furnished, bare = await make(folder / "furnished"), await make(folder / "bare")
        async with AsyncExitStack() as stack:
            tabs = []
            for app in (furnished, bare):
                address = await stack.enter_async_context(served(app))
                context = await browser.new_context(base_url=address)
                stack.push_async_callback(context.close)
                await context.add_init_script(script)
                tabs.append(await context.new_page())
            ids = await furnish(furnished, folder / "furnished")
            await bare.extensions["mail"].mailbox.chaos.switch_on(Kind.DROP, 3)
            yield cls(*tabs, ids)

    async def show(
        self, sight: Sight, *, width: int = DESKTOP, height: int = HEIGHT, scheme: str = "light"
    ) -> Page:
        """The tab of its app with a sight in it, as somebody sees it who was never here before.

        A tab of its own for each sight would cost more than to look at it.
        """
        page = self._bare if sight.is_bare else self._furnished
        await page.context.clear_cookies()
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme)
        await page.goto(sight.path.format_map(self._ids))
        if sight.then:
            await sight.then(page)
        return page


@asynccontextmanager
async def served(app: Quart) -> AsyncIterator[str]:
    """The address of an app that is served."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with serving(app, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
