"""How much a form of the mail pages may send, in a host without limits of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from quartapp.mail.pages import mailbox, outbox, outbox_pages
from quartapp.mail.pages.forms import MOST_BYTES, MOST_FIELDS
from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor
from tests.mail.pages.hosts import host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quart import Quart, Response

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
async def shop(sqlite_url) -> AsyncIterator[Quart]:
    """An application that takes bodies of any size."""
    app = host(sqlite_url, MAX_CONTENT_LENGTH=None)
    app.register_blueprint(outbox_pages(allow=lambda: True), url_prefix="/outbox")
    await app.extensions["mail"].upgrade()
    yield app
    await app.extensions["mail"].outbox.database.dispose()


async def send(shop: Quart, body: bytes, kind: str = URLENCODED) -> Response:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    return await Visitor(shop).client.post("/outbox/cancel", data=body, headers=headers)


def fields(number: int) -> bytes:
    return urlencode([("id", "none")] * number).encode()


def parts(number: int) -> bytes:
    one = b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nnone\r\n'
    return one * number + b"--b--\r\n"


def test_a_form_may_have_a_field_for_each_row_of_a_page_and_twenty_more() -> None:
    assert MOST_FIELDS == outbox.PAGE + 20 == mailbox.PAGE + 20


async def test_a_form_with_as_many_fields_as_a_page_is_read(shop):
    queued = await shop.extensions["mail"].send_later(message())
    body = urlencode([("id", queued.id)] + [("x", "")] * (MOST_FIELDS - 1)).encode()

    answer = await send(shop, body)

    assert answer.status_code == 302
    assert "done=cancel" in answer.headers["Location"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (fields(MOST_FIELDS + 1), URLENCODED),
        (b"&" * MOST_FIELDS, URLENCODED),
        (parts(MOST_FIELDS + 1), "multipart/form-data; boundary=b"),
        (b"id=" + b"x" * MOST_BYTES, URLENCODED),
        (b"x" * (MOST_BYTES + 1), "text/plain"),
    ],
    ids=["fields", "separators", "parts", "bytes", "no form"],
)
async def test_a_form_with_more_is_refused_by_a_page_of_ours(shop, body, kind):
    answer = await send(shop, body, kind)

    assert answer.status_code == 413
    assert "Nothing was changed" in await answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_a_body_without_a_length_is_read_no_further_than_a_form_may_go(shop):
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": URLENCODED}
    async with Visitor(shop).client.request(
        "/outbox/cancel", method="POST", headers=headers
    ) as sending:
        await sending.send(b"x" * (MOST_BYTES + 1))  # the end of the body never comes

    assert (await sending.as_response()).status_code == 413


async def test_a_form_that_does_not_end_is_given_up(shop):
    shop.config["BODY_TIMEOUT"] = 0.05
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": URLENCODED}
    async with Visitor(shop).client.request(
        "/outbox/cancel", method="POST", headers=headers
    ) as sending:
        await sending.send(b"id=")

    assert (await sending.as_response()).status_code == 408
