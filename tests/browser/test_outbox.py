"""The one on call in a real browser: signs in, finds what failed, and has it sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from quartapp import create_app
from quartapp.mail.testing import Phase, message
from quartapp.models import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page
    from quart import Quart

    from quartapp.mail.testing import SMTPServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OPERATOR = {"username": "ops", "password": "pässword"}


@pytest_asyncio.fixture(loop_scope="session")
async def app(tmp_path: Path, server: SMTPServer) -> Quart:
    """The app in production, with an operator, a mail server, and its tables made."""
    made = create_app(
        {
            "QUARTAPP_ENV": "production",
            "QUARTAPP_INSTANCE": str(tmp_path),
            "SECRET_KEY": "made-for-this-test-alone",
            "SESSION_COOKIE_SECURE": False,
            "MAIL_SERVER": server.host,
            "MAIL_PORT": server.port,
            "OPERATOR_USERNAME": OPERATOR["username"],
            "OPERATOR_PASSWORD": OPERATOR["password"],
        }
    )
    await MIGRATIONS.upgrade(made.extensions["database"])
    await made.extensions["mail"].upgrade()
    return made


async def signed_in(browser: Browser, address: str, **credentials: str) -> Page:
    """A tab whose visitor answers like this when asked to sign in."""
    context = await browser.new_context(
        base_url=address, java_script_enabled=False, http_credentials=OPERATOR | credentials
    )
    return await context.new_page()


async def test_the_operator_retries_a_failed_message_and_sees_it_sent(
    browser: Browser, address: str, app: Quart, server: SMTPServer
) -> None:
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    mail, page = app.extensions["mail"], await signed_in(browser, address)
    await page.goto("/outbox/")
    failed = await mail.wait(await mail.send_later(message(subject="Tea at four")), timeout=30)

    await page.get_by_role("link", name="failed").click()
    await page.get_by_role("link", name="Tea at four").click()
    await expect(page.get_by_role("table").last).to_contain_text("550 5.1.1 no such user")
    await page.get_by_role("link", name="Retry…").click()
    await page.get_by_role("button", name="Retry 1 message").click()
    await expect(page.get_by_role("status")).to_have_text("1 message queued for another attempt.")
    await mail.wait(failed, timeout=30)
    await page.reload()

    await expect(page.get_by_role("article").locator(".lead")).to_have_text("sent")
    assert [sent.recipients for sent in server.messages] == [("bob@example.com",)]


async def test_a_wrong_sign_in_is_refused(browser: Browser, address: str) -> None:
    page = await signed_in(browser, address, password="guess")

    answer = await page.goto("/outbox/")

    assert answer is not None
    assert answer.status == 401
    await expect(page.get_by_role("main")).to_contain_text("Operator sign-in required.")
