"""Every page as people with other eyes and other screens meet it, and as the browser polices it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT

from quartapp.mail.pages import mailbox, outbox
from tests.browser.gallery import DESKTOP, HEIGHT, PHONE, Gallery
from tests.browser.sights import SIGHTS, Sight

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOK = """async rules => {
  const {violations, incomplete} = await axe.run(rules);
  const unjudged = incomplete.filter(rule => rule.id === "color-contrast");
  return [...violations, ...unjudged].flatMap(rule =>
    rule.nodes.map(node => `${rule.help}: ${node.failureSummary} ${node.html}`));
}"""
REMEMBER_VIOLATIONS = """
globalThis.forbidden = [];
document.addEventListener("securitypolicyviolation", (event) =>
  forbidden.push(`forbidden: ${event.violatedDirective} ${event.blockedURI}`));
"""
# Frames show messages, which are their senders' business. The stripe on top of a card is a pseudo
# element that no text stands on; for its sake axe would judge the contrast of nothing below it.
CONTRAST = {
    "ignorePseudo": True,
    "ignoreUnicode": False,
    "ignoreLength": False,
    "boldValue": 700,
    "boldTextPt": 14,
    "largeTextPt": 18,
    "contrastRatio": {"normal": {"expected": 4.5}, "large": {"expected": 3}},
}
ALL_RULES: dict[str, Any] = {
    "resultTypes": ["violations", "incomplete"],
    "iframes": False,
    "preload": {"assets": ["media"]},  # only a rule that is off reads style sheets
    "checks": {"color-contrast": {"options": CONTRAST}},
}
COLOURS = ALL_RULES | {"runOnly": ["color-contrast", "link-in-text-block"]}

# All that look at where something is, how large, or whether it is visible, and not at markup alone.
BY_LAYOUT = ALL_RULES | {
    "runOnly": [
        "aria-hidden-focus",
        "autocomplete-valid",
        "avoid-inline-spacing",
        "blink",
        "button-name",
        "color-contrast",
        "input-button-name",
        "input-image-alt",
        "label",
        "landmark-one-main",
        "link-in-text-block",
        "marquee",
        "page-has-heading-one",
        "region",
        "scrollable-region-focusable",
        "select-name",
        "skip-link",
        "th-has-data-cells",
    ]
}

# Colours depend on the scheme alone, and markup on neither scheme nor width, but for what is shown
# at one width only: `test_styles`.
AT_ONE_WIDTH = ".wide-only, .narrow-only"

ROWS = 12
"""Of a list's page: each kind of message that there is, and as many again of one kind."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gallery(
    program: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gallery]:
    """Where all pages can be seen."""
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as shorter:
        for lists in (mailbox, outbox):
            shorter.setattr(lists, "PAGE", ROWS)
        async with Gallery.opened(program, folder, AXE_SCRIPT + REMEMBER_VIOLATIONS) as opened:
            yield opened


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)
async def test_a_page_is_open_to_everybody_and_keeps_its_own_policy(
    gallery: Gallery, sight: Sight
) -> None:
    page = await gallery.show(sight)
    depends = bool(await page.locator(AT_ONE_WIDTH).count())
    found = await barriers(page, DESKTOP, "light", ALL_RULES)
    found += await barriers(page, DESKTOP, "dark", COLOURS) if depends else []
    found += await barriers(page, PHONE, "dark", ALL_RULES if depends else BY_LAYOUT)
    found += await barriers(page, PHONE, "light", COLOURS) if depends else []
    wide = await page.evaluate("() => document.documentElement.scrollWidth")
    forbidden = await page.evaluate("() => forbidden")

    assert (found, wide, forbidden) == ([], PHONE, [])


async def barriers(page: Page, width: int, scheme: str, rules: dict[str, Any]) -> list[str]:
    """What axe-core says is in somebody's way, in a window like this."""
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.emulate_media(color_scheme=scheme)
    return [f"{width} px, {scheme}: {found}" for found in await page.evaluate(LOOK, rules)]
