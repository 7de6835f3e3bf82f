"""Who may come in to a host's mail pages: its own check, or the default guard."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from quart import Response, abort, redirect

from quartapp.mail import Status
from quartapp.mail.operator import Operator
from quartapp.mail.pages import guard, mailbox_pages, outbox_pages
from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor
from tests.mail.pages.hosts import host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quart import Quart

SIGN_IN = {"OPERATOR_USERNAME": "ops", "OPERATOR_PASSWORD": "pässword"}


@pytest.fixture
async def shop(sqlite_url, tmp_path) -> AsyncIterator[Quart]:
    """Somebody else's application, which has not yet mounted our pages."""
    app = host(sqlite_url, QUARTAPP_INSTANCE=str(tmp_path))
    await app.extensions["mail"].upgrade()
    yield app
    await app.extensions["mail"].outbox.database.dispose()


def mounted(app: Quart, allow: Any = None) -> Visitor:
    """A visitor of the app, now that it has mounted the outbox."""
    app.register_blueprint(outbox_pages(allow=allow), url_prefix="/ops")
    return Visitor(app, scope_base={"client": ("192.0.2.1", 1)}, headers={"Host": "shop.example"})


def signed(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


async def yes() -> bool:
    return True


@pytest.mark.parametrize(
    "allow",
    [lambda: True, lambda: 1, lambda: "ada", lambda: Operator("ada"), yes, lambda: yes()],
    ids=["True", "1", "a name", "an Operator", "async", "a coroutine"],
)
async def test_the_hosts_own_check_lets_in(shop, allow):
    assert (await mounted(shop, allow).get("/ops/")).status_code == 200


@pytest.mark.parametrize("answer", [False, None, 0, ""])
async def test_the_hosts_own_check_refuses_with_a_page_of_ours(shop, answer):
    refused = await mounted(shop, lambda: answer).get("/ops/")

    assert refused.status_code == 403
    assert "This page is not open to you." in await refused.get_data(as_text=True)


async def test_a_response_of_the_hosts_own_check_is_the_answer(shop):
    visitor = mounted(shop, lambda: redirect("/sign-in"))

    assert (await visitor.get("/ops/")).location == "/sign-in"


async def test_what_the_hosts_own_check_raises_is_the_hosts(shop):
    @shop.errorhandler(403)
    async def forbidden(_: Exception) -> tuple[str, int]:
        return "the host's own page", 403

    answer = await mounted(shop, lambda: abort(403)).get("/ops/")

    assert await answer.get_data(as_text=True) == "the host's own page"


@pytest.mark.parametrize(
    ("answer", "name"), [("ada", "ada"), (Operator("eve"), "eve"), (True, "an allowed visitor")]
)
async def test_the_audit_log_has_the_name_that_the_check_gives(shop, caplog, answer, name):
    visitor = mounted(shop, lambda: answer)
    delivery = await shop.extensions["mail"].send_later(message())

    await visitor.press("/ops/cancel", id=delivery.id)

    assert f"{name}: cancel of 1 message found by id: {delivery.id}" in caplog.text


async def test_who_may_only_look_sees_no_button_and_changes_nothing(shop):
    visitor = mounted(shop, lambda: Operator("auditor", readonly=True))
    mail = shop.extensions["mail"]
    delivery = await mail.send_later(message())

    pages = [await visitor.see("/ops/"), await visitor.see(f"/ops/{delivery.id}")]
    asked = await visitor.get("/ops/cancel")
    refused = [
        await visitor.press("/ops/cancel", id=delivery.id),
        await visitor.press(f"/ops/{delivery.id}/text"),
    ]

    assert all("Cancel…" not in page and 'method="post"' not in page for page in pages)
    assert [each.status_code for each in (asked, *refused)] == [403] * 3
    assert (await mail.get(delivery.id)).status is Status.QUEUED


async def test_two_visitors_at_once_are_told_apart(shop):
    entered = asyncio.Event()

    async def allow() -> Operator:
        if entered.is_set():
            return Operator("may act")
        entered.set()
        return Operator("may look", readonly=True)

    visitor = mounted(shop, allow)
    await shop.extensions["mail"].send_later(message())

    first, second = await asyncio.gather(visitor.see("/ops/"), visitor.see("/ops/"))

    assert ("Cancel…" in first) != ("Cancel…" in second)


async def test_by_default_there_is_nothing(shop):
    assert (await mounted(shop).get("/ops/")).status_code == 404


async def test_by_default_the_operator_signs_in(shop):
    shop.config.update(SIGN_IN)
    visitor = mounted(shop)

    stranger = await visitor.get("/ops/")
    visitor.request["headers"] |= signed("ops", "pässword")

    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "Operator sign-in required." in await stranger.get_data(as_text=True)
    assert (await visitor.get("/ops/")).status_code == 200


@pytest.mark.parametrize(
    ("client", "name", "status"),
    [
        ("127.0.0.1", "localhost", 200),
        ("::1", "[::1]:5000", 200),
        ("127.0.0.1", "rebound.example", 404),
        ("192.0.2.1", "localhost", 404),
    ],
)
async def test_in_debug_this_machine_needs_no_sign_in(shop, client, name, status):
    visitor = mounted(shop)
    visitor.request = {"scope_base": {"client": (client, 1)}, "headers": {"Host": name}}
    before = (await visitor.get("/ops/")).status_code

    shop.debug = True  # as servers set it, after the app was made

    assert before == 404
    assert (await visitor.get("/ops/")).status_code == status


async def test_each_app_counts_wrong_sign_ins_by_itself(sqlite_url):
    guessed, other = (host(sqlite_url, **SIGN_IN) for _ in range(2))
    wrong, right = mounted(guessed), mounted(other)
    wrong.request["headers"] |= signed("ops", "guess")

    statuses = [(await wrong.get("/ops/none")).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]
    assert (await right.get("/ops/none")).status_code == 401


async def test_who_is_signed_in_stays_so_whatever_a_neighbour_guesses(sqlite_url, caplog):
    shop = host(sqlite_url, **SIGN_IN)
    operator = mounted(shop)
    headers = operator.request["headers"] | signed("ops", "guess")
    neighbour = Visitor(shop, **(operator.request | {"headers": headers}))
    operator.request["headers"] |= signed("ops", "pässword")
    await operator.get("/ops/no/such")

    guessed = [(await neighbour.get("/ops/no/such")).status_code for _ in range(11)]

    assert guessed == [401] * 10 + [429]
    assert (await operator.get("/ops/no/such")).status_code == 404
    assert "a sign-in as the operator was wrong (from 192.0.2.1)" in caplog.text


async def test_a_check_can_build_on_the_default_guard(shop):
    shop.config.update(SIGN_IN)

    async def allow() -> Operator:
        known = await guard()
        return Operator(known.name, readonly=True)

    visitor = mounted(shop, allow)
    stranger = await visitor.get("/ops/")
    visitor.request["headers"] |= signed("ops", "pässword")

    assert stranger.status_code == 401
    assert (await visitor.press("/ops/cancel")).status_code == 403


async def test_files_are_open_and_may_be_stored(shop):
    answer = await mounted(shop, lambda: False).get("/ops/static/style.css")

    assert answer.status_code == 200
    assert "no-store" not in answer.headers["Cache-Control"]


async def test_the_mailbox_asks_the_same_check(shop):
    asked: list[str] = []

    def allow() -> Response | None:
        asked.append("asked")
        return None

    shop.register_blueprint(mailbox_pages(allow=allow), url_prefix="/mailbox")
    client = shop.test_client()
    paths = [
        "",
        "messages.json",
        "of/none",
        "chaos",
        "previews/",
        "previews/x/html",
        "x.eml",
        "a/b",
    ]

    statuses = {(await client.get(f"/mailbox/{path}")).status_code for path in paths}

    assert (statuses, len(asked)) == ({403}, len(paths))
