"""Every page of the app as it can look. A new page, or a new look of one, is added here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

__all__ = ["SIGHTS", "Sight"]

STATES = ("queued", "waiting", "sending", "sent", "failed", "cancelled", "uncertain")
AWAITED = ("queued", "failed")
ERRORS = (400, 401, 403, 404, 405, 413, 429, 500, 503)

numbers = count(1)


async def submit_nothing(page: Page) -> None:
    """Send the form with a name that is none."""
    await page.get_by_label("What is your name?").fill(" ")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def say_a_new_name(page: Page) -> None:
    """Send the form with a name that nobody had."""
    await page.get_by_label("What is your name?").fill(f"Ada the {next(numbers)}.")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("Pleased to meet you!")).to_be_visible()


async def say_a_name_twice(page: Page) -> None:
    """Send the form with a name that is known."""
    for _ in range(2):
        await page.get_by_label("What is your name?").fill("Grace")
        await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("Happy to see you again!")).to_be_visible()


async def misunderstand_chaos(page: Page) -> None:
    """Ask for chaos to no messages at all."""
    await page.get_by_label("stall after DATA").check()
    await page.get_by_label("Number of messages").fill("0")
    await page.get_by_role("button", name="Switch it on").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def ask_for_the_text(page: Page) -> None:
    """Have the operator's page show what a message says."""
    await page.get_by_role("button", name="Show content").click()
    await expect(page.get_by_role("heading", name="Text")).to_be_visible()


async def cancel_a_message(page: Page) -> None:
    """Have a message queued, and stop it, for the operator's page to tell of that."""
    await say_a_new_name(page)
    await page.goto("/outbox/?status=queued")
    await page.get_by_role("row").nth(1).get_by_role("link").click()
    await page.get_by_role("link", name="Cancel").click()
    await page.get_by_role("button", name="Cancel 1 message").click()
    await expect(page.get_by_role("status")).to_be_visible()


@dataclass(frozen=True, slots=True)
class Sight:
    """A page at its address, after something was done there.

    path
        With the ids that `furnish` returns, by their names.
    is_bare
        Whether it is that of an app without messages, where chaos is on.
    """

    name: str
    path: str
    then: Callable[[Page], Awaitable[None]] | None = None
    is_bare: bool = False


SIGHTS = [
    Sight("form", "/"),
    Sight("form-refused", "/", submit_nothing),
    Sight("greeting", "/", say_a_new_name),
    Sight("greeting-again", "/", say_a_name_twice),
    *(Sight(f"delivery-{state}", f"/deliveries/{{{state}}}") for state in STATES),
    *(Sight(f"error-{code}", f"/abort/{code}") for code in ERRORS),
    Sight("mailbox", "/dev/mail/"),
    Sight("mailbox-older", "/dev/mail/?q=flasky"),
    Sight("mailbox-found-none", "/dev/mail/?q=nobody"),
    Sight("mailbox-empty", "/dev/mail/", is_bare=True),
    *(Sight(f"mailbox-awaited-{each}", f"/dev/mail/of/{{{each}}}") for each in AWAITED),
    Sight("message", "/dev/mail/{arrived}"),
    Sight("message-phone-dark", "/dev/mail/{arrived}?width=phone&scheme=dark"),
    *(
        Sight(f"message-{v}", f"/dev/mail/{{arrived}}?view={v}")
        for v in ("text", "headers", "source")
    ),
    Sight("message-plain", "/dev/mail/{plain}"),
    Sight("message-hostile", "/dev/mail/{hostile}"),
    Sight("message-without-text", "/dev/mail/{hostile}?view=text"),
    Sight("previews", "/dev/mail/previews/"),
    Sight("preview", "/dev/mail/previews/new_user"),
    Sight("preview-text", "/dev/mail/previews/new_user?view=text"),
    Sight("preview-headers", "/dev/mail/previews/new_user?view=headers"),
    Sight("preview-broken", "/dev/mail/previews/broken"),
    Sight("preview-unsampled", "/dev/mail/previews/unsampled"),
    Sight("chaos", "/dev/mail/chaos"),
    Sight("chaos-misunderstood", "/dev/mail/chaos", misunderstand_chaos),
    Sight("chaos-on", "/dev/mail/chaos", is_bare=True),
    Sight("outbox", "/outbox/"),
    Sight("outbox-empty", "/outbox/", is_bare=True),
    Sight("outbox-last", "/outbox/?last=1"),
    Sight("outbox-failed", "/outbox/?status=failed"),
    Sight("outbox-found-none", "/outbox/?recipient=nobody@example.com"),
    Sight("outbox-misunderstood", "/outbox/?since=yesterday"),
    Sight("outbox-looked-at-many", "/outbox/?template=mail/coffee&subject=tea"),
    *(Sight(f"outbox-message-{state}", f"/outbox/{{{state}}}") for state in STATES),
    Sight("outbox-message-text", "/outbox/{sent}", ask_for_the_text),
    Sight("confirm-one", "/outbox/retry?id={failed}"),
    Sight("confirm-many", "/outbox/cancel?template=mail/new_user&status=queued"),
    Sight("confirm-none", "/outbox/retry?id={sent}"),
    Sight("outbox-told", "/", cancel_a_message),
]
