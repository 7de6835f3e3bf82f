"""Our pages inside other people's applications: neither changes the other."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.database import DatabaseBusy
from quartapp.mail.pages import health_pages, mailbox_pages, outbox_pages
from quartapp.mail.pages.headers import MESSAGE_POLICY, PAGES_POLICY
from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor
from tests.mail.pages.hosts import THEIRS, host, inside, stubborn_host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quart import Quart

SCRIPT = "<script>alert(1)</script>"
LINK = re.compile(r'(?:href|src|action)="([^"#]+)')


def everybody() -> bool:
    return True


@pytest.fixture
async def shop(sqlite_url, tmp_path) -> AsyncIterator[Quart]:
    """Somebody else's application, which has not yet mounted our pages."""
    app = host(sqlite_url, QUARTAPP_INSTANCE=str(tmp_path))
    await app.extensions["mail"].upgrade()
    yield app
    await app.extensions["mail"].outbox.database.dispose()


@pytest.fixture
async def stubborn(shop, tmp_path) -> Quart:
    """One that gets in the way of whatever shares templates, headers or errors with it."""
    (tmp_path / "templates").mkdir()
    stubborn_host(shop, tmp_path / "templates")
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")
    return shop


async def queued(app: Quart, **fields: Any) -> str:
    """The id of a message that waits."""
    return (await app.extensions["mail"].send_later(message(**fields))).id


async def links(visitor: Visitor, path: str) -> list[str]:
    """Where a page leads, and what it needs, each asked for."""
    page = await visitor.see(path)
    found = [unescape(link) for link in LINK.findall(page)]
    assert found
    for link in found:
        assert (await visitor.get(link)).status_code in (200, 404, 405), link
    return found


async def test_a_hosts_templates_delimiters_and_autoescape_are_not_ours(stubborn):
    delivery_id = await queued(stubborn, subject=SCRIPT)
    visitor = Visitor(stubborn)

    for path in ("/outbox/", f"/outbox/{delivery_id}", "/outbox/cancel"):
        answer = await visitor.get(path)
        page = await answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "<title>" in page
        assert "{{" not in page
        assert SCRIPT not in page
        assert "the host's own" not in page


async def test_our_headers_have_the_last_word(stubborn):
    delivery_id = await queued(stubborn)
    paths = ["/outbox/", f"/outbox/{delivery_id}", "/outbox/none", "/outbox/a/b"]

    for path in paths:
        headers = (await Visitor(stubborn).get(path)).headers
        assert headers["Content-Security-Policy"] == PAGES_POLICY
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in headers


async def test_a_messages_html_stays_locked_up(stubborn):
    stubborn.register_blueprint(mailbox_pages(allow=everybody), url_prefix="/mailbox")
    html = b"Content-Type: text/html\r\n\r\n" + SCRIPT.encode()
    store = stubborn.extensions["mail"].mailbox.store
    entry = await store.add("a@example.com", ["b@example.com"], html)

    locked = await Visitor(stubborn).get(f"/mailbox/{entry.id}.html")
    missing = await Visitor(stubborn).get(f"/mailbox/{'0' * 36}.html")
    around = await Visitor(stubborn).get(f"/mailbox/{entry.id}")

    assert locked.headers["Content-Security-Policy"] == MESSAGE_POLICY
    assert locked.headers["Referrer-Policy"] == "no-referrer"
    assert {locked.status_code, around.status_code} == {200}
    assert around.headers["Content-Security-Policy"] == PAGES_POLICY
    assert (missing.status_code, missing.headers["Content-Security-Policy"]) == (404, PAGES_POLICY)


async def test_every_page_of_the_mailbox_is_whole_in_a_stubborn_host(stubborn):
    stubborn.register_blueprint(mailbox_pages(allow=everybody), url_prefix="/mailbox")
    visitor = Visitor(stubborn)

    for path in ("/mailbox/", "/mailbox/chaos", "/mailbox/previews/"):
        answer = await visitor.get(path)
        page = await answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "<title>" in page
        assert "the host's own" not in page


async def test_the_hosts_pages_keep_the_hosts_headers(stubborn):
    answer = await Visitor(stubborn).get("/anything")

    assert answer.headers["Content-Security-Policy"] == THEIRS
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Content-Type-Options" not in answer.headers


async def test_our_errors_have_our_pages(stubborn):
    errors = {
        ("GET", "/outbox/none"): (404, "There is no such message."),
        ("GET", "/outbox/a/b/c"): (404, "There is no page at this address."),
        ("GET", "/outbox/static/none.css"): (404, "There is no page at this address."),
        ("POST", "/outbox/"): (403, "nothing was changed"),
        ("PATCH", "/outbox/none"): (403, "nothing was changed"),
        ("GET", "/outbox/?since=yesterday"): (400, "is not a valid time"),
        ("GET", "/outbox/retry?since=yesterday"): (400, "is not a valid time"),
    }
    wrong = {}

    for (method, path), (status, sentence) in errors.items():
        answer = await stubborn.test_client().open(path, method=method)
        page = await answer.get_data(as_text=True)
        if answer.status_code != status or sentence not in page or "the host's own" in page:
            wrong[method, path] = (answer.status_code, page)

    assert wrong == {}


@pytest.mark.parametrize("path", ["/outbox/", "/outbox/none"])
async def test_a_method_that_nothing_takes_is_answered_by_us(stubborn, path):
    answer = await stubborn.test_client().put(path, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 405
    assert "does not accept that method" in await answer.get_data(as_text=True)


async def test_a_database_that_is_busy_is_a_page_of_ours(stubborn, monkeypatch):
    async def busy(*_: Any) -> None:
        raise DatabaseBusy("busy")

    report = type(stubborn.extensions["mail"].report)
    monkeypatch.setattr(report, "figures", busy)

    answer = await Visitor(stubborn).get("/outbox/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "The database is busy." in await answer.get_data(as_text=True)


async def test_a_bug_in_our_page_is_the_hosts_to_report(stubborn, monkeypatch):
    async def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(type(stubborn.extensions["mail"].report), "figures", broken)

    answer = await Visitor(stubborn).get("/outbox/")

    assert answer.status_code == 500
    assert "the host's own error page" in await answer.get_data(as_text=True)


async def test_a_program_gets_errors_in_json(stubborn):
    visitor = Visitor(stubborn, headers={"Accept": "application/json"})

    told = await (await visitor.get("/outbox/none")).get_json()

    assert (told["status"], told["message"]) == (404, "There is no such message.")


async def test_what_was_done_is_told_without_a_session(shop):
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")
    await queued(shop)
    visitor = Visitor(shop)

    done = await visitor.press("/outbox/cancel")

    assert shop.secret_key is None
    assert "Set-Cookie" not in done.headers
    assert done.location == "/outbox/?done=cancel&n=1"
    assert "Cancelled 1 message." in await visitor.see(done.location)


async def test_an_address_tells_of_nothing_that_we_do_not_say(shop):
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")
    queries = ("done=retry&n=x", "done=boast&n=1", "done=retry", "n=9")

    pages = {query: await Visitor(shop).see(f"/outbox/?{query}") for query in queries}

    assert [query for query, page in pages.items() if 'role="status"' in page] == []


async def test_under_a_blueprint_of_the_host_the_pages_are_whole(shop):
    inside(shop, outbox_pages(allow=everybody))
    delivery_id = await queued(shop)
    visitor = Visitor(shop)

    found = await links(visitor, f"/admin/mail/{delivery_id}")
    policy = (await visitor.get("/admin/mail/none")).headers["Content-Security-Policy"]
    done = await visitor.press("/admin/mail/cancel", id=delivery_id)

    assert {link for link in found if not link.startswith("/admin/mail/")} == {"/"}
    assert policy == PAGES_POLICY
    assert done.location == f"/admin/mail/{delivery_id}?done=cancel&n=1"
    assert "Content-Security-Policy" not in (await visitor.get("/admin/")).headers


async def test_under_a_root_path_links_lead_below_it(shop):
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")
    await queued(shop)
    visitor = Visitor(shop, scope_base={"root_path": "/sub"})

    page = await (await visitor.get("/sub/outbox/")).get_data(as_text=True)

    assert all(link.startswith("/sub/") for link in LINK.findall(page))


async def test_on_a_subdomain_the_pages_are_whole(shop):
    shop.config["SERVER_NAME"] = "shop.example"
    shop.subdomain_matching = True
    shop.url_map.host_matching = False
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/", subdomain="ops")
    visitor = Visitor(shop, headers={"Host": "ops.shop.example"})

    answer = await visitor.get("/")

    assert answer.status_code == 200
    assert (await visitor.get("/static/style.css")).status_code == 200
    assert (await Visitor(shop, headers={"Host": "shop.example"}).get("/")).status_code == 404


async def test_mounted_twice_each_leads_to_itself_and_asks_its_own_check(shop):
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/ours")
    shop.register_blueprint(outbox_pages(allow=lambda: False), url_prefix="/theirs", name="theirs")
    visitor = Visitor(shop)

    found = await links(visitor, "/ours/")

    assert {link for link in found if not link.startswith("/ours/")} == {"/"}
    assert (await visitor.get("/theirs/")).status_code == 403


async def test_a_host_that_checks_every_form_finds_its_token_in_ours(shop):
    shop.jinja_env.globals["csrf_token"] = lambda: 'tok"en'
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")
    await queued(shop)

    page = await (await Visitor(shop).get("/outbox/cancel")).get_data(as_text=True)

    assert '<input type="hidden" name="csrf_token" value="tok&#34;en">' in page


async def test_no_page_of_ours_is_in_the_hosts_openapi_document(shop):
    quart_schema = pytest.importorskip("quart_schema")
    quart_schema.QuartSchema(shop)
    shop.register_blueprint(outbox_pages(allow=everybody), url_prefix="/outbox")

    @shop.get("/theirs")
    async def theirs() -> str:
        return ""

    document = await (await shop.test_client().get("/openapi.json")).get_json()

    assert list(document["paths"]) == ["/theirs"]


async def test_every_view_of_ours_is_hidden_from_openapi_documents(shop):
    before = set(shop.view_functions)
    for pages in (outbox_pages(), mailbox_pages(), health_pages()):
        shop.register_blueprint(pages)

    ours = [shop.view_functions[each] for each in set(shop.view_functions) - before]

    assert all(view._quart_schema_hidden for view in ours)


async def test_health_is_open_and_metrics_ask_the_check(shop):
    shop.register_blueprint(health_pages(allow=lambda: False, ready=lambda: "The till is shut."))
    visitor = Visitor(shop)

    ready = await visitor.get("/readyz")

    assert (await visitor.get("/healthz")).status_code == 200
    assert (ready.status_code, (await ready.get_json())["reasons"]) == (503, ["The till is shut."])
    assert (await visitor.get("/metrics")).status_code == 403
    assert (await visitor.get("/elsewhere")).headers.get("Content-Security-Policy") is None


@pytest.mark.parametrize(("is_testing", "status"), [(True, 200), (False, 404)])
async def test_metrics_are_open_where_nobody_can_sign_in_in_development_only(
    shop, is_testing, status
):
    shop.register_blueprint(health_pages())
    shop.testing = is_testing

    assert (await Visitor(shop).get("/metrics")).status_code == status


async def test_a_redirect_never_names_the_host_as_the_visitor_did(shop):
    places = {
        "/outbox": "/outbox/",
        "/outbox?q=tea": "/outbox/?q=tea",
        "/outbox//sub//page": "/outbox/sub/page",
        "//outbox": "/outbox/",
    }
    shop.register_blueprint(outbox_pages(), url_prefix="/outbox")

    for name in ("evil.example", "EVIL.example:80", "evil.example:8000"):
        visitor = Visitor(shop, headers={"Host": name})
        answers = {asked: await visitor.get(asked) for asked in places}
        pages = [await answer.get_data(as_text=True) for answer in answers.values()]

        assert {asked: each.headers["Location"] for asked, each in answers.items()} == places, name
        assert {answer.status_code for answer in answers.values()} == {308}, name
        assert "evil" not in "".join(pages).lower(), name


def test_importing_the_pages_loads_no_page() -> None:
    heavy = ("prometheus_client", "quartapp.mail.mailbox", "aiosmtpd", "wtforms", "limits")
    script = f"import sys, quartapp.mail.pages; print([m for m in {heavy} if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert loaded.stdout.decode().strip() == "[]"
