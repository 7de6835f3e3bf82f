"""A page on another port of the same host sends our forms, in a real browser."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from quartapp.mail import Status
from quartapp.mail.testing import message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page
    from quart import Quart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FORM = """<!doctype html><title>elsewhere</title>
<form method="post" action="{address}/outbox/cancel">
<input name="id" value="{delivery_id}"><input name="csrf_token" value="tossed">
<button>Win a prize</button></form>"""


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Messages wait."""
    return settings | {"MAIL_DISPATCH": False}


@asynccontextmanager
async def elsewhere(content: str, more: str = "") -> AsyncIterator[int]:
    """The port of a server that has this page, and tosses cookies to every port of its host."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        cookies = "Set-Cookie: session=tossed; Path=/\r\nSet-Cookie: csrf=tossed; Path=/outbox\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{cookies}{more}"
        head += "Connection: close\r\n\r\n"
        writer.write((head + content).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


SANDBOX = "Content-Security-Policy: sandbox allow-forms\r\n"
"""Makes a page one of an opaque origin."""


@pytest.mark.parametrize(
    ("ours", "theirs", "more"),
    [
        ("127.0.0.1", "127.0.0.1", ""),
        ("127.0.0.1", "localhost", ""),
        ("app.localhost", "evil.localhost", ""),
        ("localhost", "evil.localhost", ""),
        ("localhost", "localhost", SANDBOX),
    ],
    ids=["another port", "another name", "a sibling", "a subdomain", "an opaque origin"],
)
async def test_a_page_of_another_origin_cancels_no_message(
    page: Page, app: Quart, address: str, ours: str, theirs: str, more: str
) -> None:
    mail = app.extensions["mail"]
    queued = await mail.send_later(message())
    ours = address.replace("127.0.0.1", ours)
    async with elsewhere(FORM.format(address=ours, delivery_id=queued.id), more) as port:
        await page.goto(f"http://{theirs}:{port}/")
        await page.get_by_role("button", name="Win a prize").click()

        await expect(page.get_by_role("main")).to_contain_text("nothing was changed")
    current = await mail.get(queued.id)
    assert current is not None
    assert current.status is Status.QUEUED


async def test_our_own_page_cancels_it_whatever_was_tossed(
    page: Page, app: Quart, address: str
) -> None:
    mail = app.extensions["mail"]
    queued = await mail.send_later(message())
    async with elsewhere("") as port:
        await page.goto(f"http://127.0.0.1:{port}/")
    await page.goto(f"/outbox/{queued.id}")
    await page.get_by_role("link", name="Cancel…").click()

    await page.get_by_role("button", name="Cancel 1 message").click()

    await expect(page.get_by_role("status")).to_contain_text("Cancelled 1 message.")
    current = await mail.get(queued.id)
    assert current is not None
    assert current.status is Status.CANCELLED
