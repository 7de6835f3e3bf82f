"""Pages of other origins send all that changes something, in a real browser."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect
from quart import request

from quartapp.mail import Status
from quartapp.mail.mailbox import Kind
from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor, usernames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page
    from quart import Quart, Response

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FORM = """<!doctype html><title>elsewhere</title>
<form method="post" action="{address}/outbox/cancel">
<input name="id" value="{delivery_id}"><input name="csrf_token" value="tossed">
<button>Win a prize</button></form>"""

SANDBOX = "Content-Security-Policy: sandbox allow-forms allow-scripts\r\n"
"""Makes a page one of an opaque origin."""

ORIGINS = {
    "another port": ("127.0.0.1", "127.0.0.1", ""),
    "another name": ("127.0.0.1", "localhost", ""),
    "a sibling": ("app.localhost", "evil.localhost", ""),
    "a subdomain": ("localhost", "evil.localhost", ""),
    "an opaque origin": ("localhost", "localhost", SANDBOX),
}
"""The app's host, the other page's, and more headers of that."""

TOMORROW = datetime.now(UTC) + timedelta(days=1)

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
MODES = ("no-cors", "navigate")
"""How scripts and forms send (Sec-Fetch-Mode)."""

NOWHERE = {"/outbox/", "/outbox/x", "/dev/mail/x"}
"""Nothing is there to be changed."""

SEND = """async ({address, tries, form}) => {
    const body = new URLSearchParams(form);
    const options = {mode: "no-cors", credentials: "include"};
    await Promise.all(tries.map(async ([method, path]) => {
        const cors = method === "POST" ? {} : {mode: "cors"};
        await fetch(address + path, {...options, ...cors, method, body}).catch(() => {});
        if (method !== "POST") return;
        const frame = document.createElement("iframe");
        frame.name = path;
        document.body.append(frame);
        const sent = document.createElement("form");
        Object.assign(sent, {method, target: path, action: address + path});
        for (const [name, value] of body) {
            const input = document.createElement("input");
            Object.assign(input, {type: "hidden", name, value});
            sent.append(input);
        }
        document.body.append(sent);
        const ended = new Promise(resolve => frame.addEventListener("load", resolve));
        sent.submit();
        await ended;
    }));
}"""
"""Sends each by `fetch`, and what a form can send by a form too."""


@asynccontextmanager
async def elsewhere(
    content: str = "<!doctype html><body>", more: str = "", session: str = "tossed"
) -> AsyncIterator[int]:
    """The port of a server that has this page, and tosses cookies to every port of its host."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        cookies = f"Set-Cookie: session={session}; Path=/\r\n"
        cookies += "Set-Cookie: csrf=tossed; Path=/outbox\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{cookies}{more}"
        head += "Connection: close\r\n\r\n"
        writer.write((head + content).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Heard:
    """What came that would change something, how a browser sent it, and the answer's status."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, str, int]] = []

    async def note(self, response: Response) -> Response:
        """Remember a request."""
        if request.method in CHANGING:
            mode = request.headers.get("Sec-Fetch-Mode", "")
            self.answers.append((request.method, request.path, mode, response.status_code))
        return response


@pytest.fixture
def heard(app: Quart) -> Heard:
    """What comes from here on."""
    heard = Heard()
    app.after_request(heard.note)
    return heard


async def furnish(app: Quart) -> dict[str, str]:
    """Something for each request to change: a message in each state, one received, chaos."""
    mail = app.extensions["mail"]
    await mail.mailbox.chaos.switch_on(Kind.REFUSE_MESSAGES, 1)
    async with mail.running():  # the server that was just started may not be ready yet
        await mail.wait(await mail.send_later(message()), timeout=30)
        await mail.drain()
    queued = await mail.send_later(message(), at=TOMORROW)
    entry = await mail.mailbox.store.add("a@example.com", ["b@example.com"], b"\r\nx")
    await mail.mailbox.chaos.switch_on(Kind.DROP, None)
    return {"delivery_id": queued.id, "message_id": entry.id, "_": "x"}


def changing(app: Quart, **values: str) -> list[tuple[str, str]]:
    """Every method and address of the app that may change something."""
    return [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & CHANGING)
    ]


def state(folder: Path) -> dict[str, Any]:
    """All that the app has stored: rows, messages of the mailbox, chaos."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    databases = [file for file in files if file.read_bytes()[:15] == b"SQLite format 3"]
    found: dict[str, Any] = {
        str(file): file.read_bytes()
        for file in files
        if not any(file.name.startswith(database.name) for database in databases)
    }
    for database in databases:
        with closing(sqlite3.connect(database)) as connection:
            dump = connection.iterdump()
            # A worker says every few seconds that it is there.
            found[str(database)] = [row for row in dump if '"mail_workers"' not in row]
    return found


async def test_no_page_of_another_origin_changes_anything_by_any_request(
    browser: Browser, app: Quart, heard: Heard, address: str, tmp_path: Path
) -> None:
    tries = changing(app, **await furnish(app))
    posts = {(path, mode) for how, path in tries if how == "POST" for mode in MODES}
    # The attacker's own session, whose token proves that a form is of a page of ours.
    attacker = Visitor(app)
    form = {"name": "Eve", "kind": "STALL", "csrf_token": await attacker.token()}
    (cookie,) = attacker.client.cookie_jar
    before = state(tmp_path)

    for name, (ours, theirs, more) in ORIGINS.items():
        page = await browser.new_page()
        async with elsewhere(more=more, session=cookie.value or "") as port:
            await page.goto(f"http://{theirs}:{port}/")
            at = address.replace("127.0.0.1", ours)
            await page.evaluate(SEND, {"address": at, "tries": tries, "form": form})
        answers, heard.answers = heard.answers, []

        assert {(path, mode) for how, path, mode, _ in answers if how == "POST"} == posts, name
        assert {(how, code) for how, _, _, code in answers} == {("POST", 403), ("POST", 400)}, name
        assert state(tmp_path) == before, name


async def test_a_page_of_our_own_changes_what_the_others_could_not(
    browser: Browser, app: Quart, heard: Heard, address: str, tmp_path: Path
) -> None:
    tries = changing(app, **await furnish(app))
    tries.remove(("POST", "/dev/mail/"))  # it deletes what another is to delete
    attacker = Visitor(app)
    form = {"name": "Eve", "kind": "STALL", "csrf_token": await attacker.token()}
    (cookie,) = attacker.client.cookie_jar
    before = state(tmp_path)

    # Our policy lets no script send anything.
    page = await (await browser.new_context(bypass_csp=True)).new_page()
    async with elsewhere(session=cookie.value or "") as port:
        await page.goto(f"http://127.0.0.1:{port}/")
    await page.goto(f"{address}/healthz")
    await page.evaluate(SEND, {"address": address, "tries": tries, "form": form})

    changed = {path for how, path, _, code in heard.answers if how == "POST" and code < 400}
    assert changed >= {path for how, path in tries if how == "POST"} - NOWHERE
    assert state(tmp_path) != before
    assert await usernames(app) == ["Eve"]


async def test_a_form_that_is_sent_from_another_port_says_that_nothing_was_changed(
    page: Page, app: Quart, address: str
) -> None:
    mail = app.extensions["mail"]
    queued = await mail.send_later(message(), at=TOMORROW)
    async with elsewhere(FORM.format(address=address, delivery_id=queued.id)) as port:
        await page.goto(f"http://127.0.0.1:{port}/")
        await page.get_by_role("button", name="Win a prize").click()

        await expect(page.get_by_role("main")).to_contain_text("nothing was changed")
    current = await mail.get(queued.id)
    assert current is not None
    assert current.status is Status.QUEUED


async def test_our_own_page_cancels_it_whatever_was_tossed(
    page: Page, app: Quart, address: str
) -> None:
    mail = app.extensions["mail"]
    queued = await mail.send_later(message(), at=TOMORROW)
    async with elsewhere() as port:
        await page.goto(f"http://127.0.0.1:{port}/")
    await page.goto(f"/outbox/{queued.id}")
    await page.get_by_role("link", name="Cancel…").click()

    await page.get_by_role("button", name="Cancel 1 message").click()

    await expect(page.get_by_role("status")).to_contain_text("Cancelled 1 message.")
    current = await mail.get(queued.id)
    assert current is not None
    assert current.status is Status.CANCELLED
