"""The operator's page: who may see it, what it shows, and what is done from it."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import asynccontextmanager
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Status
from quartapp.mail.outbox.tables import messages
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.fixtures.visitor import Visitor
from tests.mail.outbox.backlog import many_messages, their_recipient
from tests.mail.outbox.sample import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPERATOR = {"OPERATOR_USERNAME": "ops", "OPERATOR_PASSWORD": "pässword"}
ADA, BOB = "ada@example.com", "bob@example.com"


HEADLINE = re.compile(r'class="delivery" data-state="(\w+)"><a href="([^"]+)">([^<]*)</a>')
HOSTILE = "<script>alert(1)</script> \x1b[31mred \u202egnol"


class Operator(Visitor):
    """A visitor of the operator's page, with messages to look at."""

    def __init__(self, app: Any, **request: Any) -> None:
        super().__init__(app, **request)
        self.mail = app.extensions["mail"]

    async def queued(self, *to: str, template: str | None = None, **fields: Any) -> str:
        """Queue a message, and wait until nothing is due; its id."""
        written = message(recipients=list(to) or [ADA], **fields)
        written.template = template
        delivery = await self.mail.send_later(written)
        await self.mail.drain()
        return delivery.id

    async def submit(self, page: str, action: str, **form: str) -> Any:
        """Send the form of a page that leads to this address, as a browser does."""
        shown = await self.see(page)
        [inner] = re.findall(rf'action="{re.escape(action)}[^"]*">(.*?)</form>', shown, re.DOTALL)
        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', inner))
        return await self.press(action, **fields | form)


@pytest.fixture
def opened(started, server):
    """The operator of an app with a mail server: `async with opened() as operator`."""

    @asynccontextmanager
    async def open_up(**settings: Any) -> AsyncIterator[Operator]:
        defaults = {"MAIL_SERVER": server.host, "MAIL_PORT": server.port}
        async with started(**defaults | settings) as app:
            yield Operator(app)

    return open_up


@pytest.fixture
async def operator(opened):
    """A visitor on this machine, in development."""
    async with opened() as visitor:
        yield visitor


def signed(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def audited(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "quartapp.audit"]


async def answer(
    app: Any, path: str = "/outbox/", client: str = "192.0.2.1", **headers: str
) -> int:
    """The status of the page for a client."""
    visitor = Visitor(app, scope_base={"client": (client, 1)}, headers=headers)
    return (await visitor.get(path)).status_code


# What a browser says of a form that is not of a page of ours.
ELSEWHERE = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "null"},
]
PATHS = ["/outbox/", "/outbox/none", "/outbox/retry", "/outbox/cancel"]


async def test_in_production_nothing_is_there_while_there_is_no_operator(in_production):
    async with in_production() as app:
        answers = {
            path: (
                await answer(app, path, **signed("ops", "pässword")),
                await answer(app, path, client="127.0.0.1", Host="localhost"),
            )
            for path in PATHS
        }

    assert answers == dict.fromkeys(PATHS, (404, 404))


async def test_in_production_everybody_must_sign_in(in_production):
    async with in_production(**OPERATOR) as app:
        refused = {
            path: (
                await answer(app, path),
                await answer(app, path, client="127.0.0.1", Host="localhost"),
                await answer(app, path, **signed("ops", "wrong")),
            )
            for path in PATHS
        }
        let_in = {path: await answer(app, path, **signed("ops", "pässword")) for path in PATHS}

    assert refused == dict.fromkeys(PATHS, (401, 401, 401))
    assert let_in == dict.fromkeys(PATHS, 200) | {"/outbox/none": 404}


async def test_the_operator_sees_the_page_in_production(in_production):
    async with in_production(**OPERATOR) as app:
        assert await answer(app, **signed("ops", "pässword")) == 200


async def test_in_development_this_machine_needs_no_sign_in(operator):
    assert (await operator.get("/outbox/")).status_code == 200


async def test_in_development_others_need_an_operator_and_a_sign_in(opened):
    async with opened() as without, opened(**OPERATOR) as operator:
        app = operator.client.app

        assert await answer(without.client.app) == 403
        assert await answer(app) == 401
        assert await answer(app, **signed("ops", "pässword")) == 200


async def test_another_name_for_this_machine_is_not_believed(operator):
    assert await answer(operator.client.app, client="127.0.0.1", Host="evil.example") == 403


async def test_behind_a_server_that_is_not_for_development_nothing_is_there(opened):
    async with opened(TESTING=False, **OPERATOR) as operator:
        assert await answer(operator.client.app, **signed("ops", "pässword")) == 404


async def test_after_ten_wrong_sign_ins_an_address_must_wait(in_production):
    async with in_production(**OPERATOR) as app:
        wrong = [await answer(app, **signed("ops", f"guess {n}")) for n in range(11)]

        assert wrong == [401] * 10 + [429]
        assert await answer(app, **signed("ops", "pässword")) == 429
        assert await answer(app, client="192.0.2.2", **signed("ops", "pässword")) == 200


async def test_who_must_wait_is_told_how_long(in_production):
    async with in_production(**OPERATOR) as app:
        guesser = Visitor(app, headers=signed("ops", "guess"))
        for _ in range(10):
            await guesser.get("/outbox/")

        refused = await guesser.get("/outbox/")

    assert 0 < int(refused.headers["Retry-After"]) <= 60


async def test_being_asked_to_sign_in_is_no_wrong_sign_in(in_production):
    async with in_production(**OPERATOR) as app:
        asked = {await answer(app) for _ in range(15)}

        assert asked == {401}
        assert await answer(app, **signed("ops", "pässword")) == 200


async def test_the_page_shows_how_the_outbox_stands(operator, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=BOB)
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient="cleo@example.com")
    for to in (ADA, ADA, BOB, "cleo@example.com"):
        await operator.queued(to)

    page = await operator.see("/outbox/")

    assert re.findall(r"<b>([\d,+]+)</b> <span>(\w+)", page) == [
        ("1", "queued"),
        ("0", "sending"),
        ("2", "sent"),
        ("1", "failed"),
        ("0", "cancelled"),
        ("0", "uncertain"),
    ]
    assert "50.0 %</b> not accepted" in page
    assert "(2 sent, 1 deferred, 1 failed, 0 uncertain)" in page
    assert "Oldest waiting: " in page
    assert "Delivering: 2 sent, 1 deferred, 1 failed in the last 10 min; 1 waiting" in page


async def test_the_chart_draws_what_was_sent_what_failed_and_what_was_deferred(operator, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=BOB)
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient="cleo@example.com")
    for to in (ADA, BOB, "cleo@example.com"):
        await operator.queued(to)

    page = await operator.see("/outbox/")

    assert '<rect class="sent"' in page
    assert '<rect class="failed"' in page
    assert '<rect class="deferred"' in page
    assert "1 sent, 1 deferred, 1 failed, 0 uncertain" in page


async def test_many_deferred_messages_are_the_headline_which_leads_to_them(operator, server):
    server.answer(Phase.RCPT, "451 4.7.1 Greylisted")
    for _ in range(10):
        await operator.mail.send_later(message())
    await operator.mail.drain()

    page = await operator.see("/outbox/")

    said = "Degraded: 10 of 10 attempts deferred in the last 10 min, mostly 451 4.7.1 Greylisted"
    [(condition, address, sentence)] = HEADLINE.findall(page)
    assert (condition, sentence) == ("degraded", said)
    assert 'data-state="queued"' in await operator.see(address)


async def test_a_server_outage_is_shown(opened):
    async with opened(MAIL_PORT=1) as operator:
        await operator.queued()

        page = await operator.see("/outbox/")

    [(condition, address, sentence)] = HEADLINE.findall(page)
    assert (condition, address) == ("outage", "/outbox/?status=queued")
    assert re.match(r"Outage since .* refused .*; next attempt .*; 1 waiting$", sentence)


async def test_the_operator_has_a_rejected_login_made_again_at_once(opened, caplog):
    users = {"ada": "old"}
    login = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "new"}
    async with SMTPServer(users=users) as strict:
        where = {"MAIL_SERVER": strict.host, "MAIL_PORT": strict.port}
        async with opened(**where, **login) as operator:
            delivery_id = await operator.queued()
            users["ada"] = "new"

            await operator.submit("/outbox/", "/outbox/login")
            done = await operator.mail.wait(delivery_id, 60)
            page = await operator.see("/outbox/")

    assert done.status is Status.SENT
    assert [each.succeeded for each in strict.logins] == [False, True]
    assert "/outbox/login" not in page
    assert "a local user: log in to the mail server at once" in caplog.text


async def test_that_no_process_delivers_is_said(opened):
    async with opened(QUARTAPP_DISPATCH=False) as operator:
        await operator.mail.send_later(message())

        page = await operator.see("/outbox/")

    assert HEADLINE.findall(page) == [
        ("stopped", "/outbox/?status=queued", "No worker runs; 1 waiting")
    ]


async def test_messages_of_another_backend_are_told_beside_the_headline(operator):
    async with operator.mail.outbox.database.writing() as connection:
        waiting = {"status": "queued", "due_at": NOW, "backend": "mailbox"}
        await connection.execute(many_messages("old", 12, **waiting))
        await connection.execute(their_recipient(ADA, messages.c.id.is_not(None)))

    page = await operator.see("/outbox/")

    assert "12 messages wait for the backend mailbox, which no process runs." in page


async def test_suppressed_messages_are_shown_apart(opened):
    async with opened(MAIL_SUPPRESS_SEND=True) as operator:
        await operator.queued()

        page = await operator.see("/outbox/")
        operator.request = {"headers": {"Accept": "application/json"}}
        told = await (await operator.get("/outbox/")).get_json()

    assert "Suppressed, and so sent to nobody: 1" in page
    assert "MAIL_SUPPRESS_SEND is on: nothing is sent" in page
    assert (told["suppressed"], told["verdict"]["condition"]) == (1, "suppressed")


SEARCHES = {
    "": {"Tea", "Coffee", "[Flasky] New User"},
    "status=failed": {"Coffee"},
    "recipient=bob@example.com": {"Coffee"},
    "recipient=bob": set(),
    "subject=TEA": {"Tea"},
    "subject=[flasky]": {"[Flasky] New User"},
    "template=mail/new_user": {"[Flasky] New User"},
    "since=2020-01-01&until=2999-12-31T23:59": {"Tea", "Coffee", "[Flasky] New User"},
    "until=2020-01-01": set(),
    "since=2020-01-01T00:00%2B09:00&status=sent": {"Tea", "[Flasky] New User"},
    "status=failed&recipient=ada@example.com": set(),
    "status=&recipient=&subject=+tea+": {"Tea"},
}
"""What is found of three messages, by the query."""


async def test_messages_are_searched_for(operator, server):
    server.answer(Phase.RCPT, "550 no", recipient=BOB)
    await operator.queued(subject="Tea")
    await operator.queued(BOB, subject="Coffee")
    await operator.queued(subject="[Flasky] New User", template="mail/new_user")

    pages = {query: await operator.see(f"/outbox/?{query}") for query in SEARCHES}

    subject = re.compile(r'<th scope="row"><a [^>]*>([^<]*)</a>')
    assert {query: set(subject.findall(page)) for query, page in pages.items()} == SEARCHES


async def test_a_priority_is_shown_and_leads_to_others_of_it(operator):
    low = (await operator.mail.send_later(message(subject="News"), priority="low")).id
    await operator.queued(subject="Tea")

    all_, page = await operator.see("/outbox/"), await operator.see(f"/outbox/{low}")
    found = await operator.see("/outbox/?priority=low")

    assert all_.count("?priority=low") == 1
    assert "<dt>Priority</dt><dd>low</dd>" in page
    assert ("News" in found, "Tea" in found) == (True, False)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", '"From" is not a valid time. Example: 2026-11-24'),
        ("until=9999-12-31T23:59-12:00", '"Until" is not a valid time'),
        ("status=lost", "There is no such state"),
        ("priority=urgent", "There is no such priority: choose one of high, normal, low."),
    ],
)
async def test_a_search_that_makes_no_sense_says_why(operator, query, sentence):
    answered = await operator.get(f"/outbox/?{query}")

    assert answered.status_code == 400
    assert sentence in unescape(await answered.get_data(as_text=True))


@pytest.mark.parametrize("query", ["", "?status=sent", "?recipient=ada@example.com"])
async def test_pages_lead_to_the_end_and_back(operator, query):
    async with operator.mail.outbox.database.writing() as connection:
        await connection.execute(many_messages("message", 120))
        await connection.execute(their_recipient(ADA, messages.c.id.is_not(None)))

    there = await walk(operator, f"/outbox/{query}", "next")
    back = await walk(operator, f"/outbox/{query or '?'}&last=1", "prev")

    assert [len(ids) for ids in there] == [50, 50, 20]
    assert [len(ids) for ids in back] == [50, 50, 50]
    assert len(set().union(*there)) == len(set().union(*back)) == 120
    assert back[-1] == there[0]


async def walk(operator: Operator, path: str, rel: str) -> list[set[str]]:
    """The ids on page after page, following the links."""
    pages = []
    while path:
        page = await operator.see(path)
        pages.append(set(re.findall(r'href="/outbox/(message-\d+)"', page)))
        found = re.search(rf'<a rel="{rel}" href="([^"]+)"', page)
        path = unescape(found[1]) if found else ""
    return pages


async def test_a_program_gets_json(operator):
    delivery_id = await operator.queued(subject="Tea")
    operator.request = {"headers": {"Accept": "application/json"}}

    told = await (await operator.get("/outbox/?subject=tea")).get_json()

    [found] = told["messages"]
    assert (found["id"], found["status"], found["subject"]) == (delivery_id, "sent", "Tea")
    assert found["recipients"][0]["reply"]
    assert (told["counts"]["sent"], told["older"], told["newer"]) == (1, None, None)


async def test_a_messages_page_tells_its_whole_history(opened, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient=BOB, times=1)
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=BOB)
    async with opened(MAIL_RETRY_FIRST=0.01, MAIL_RETRY_MAX=0.01) as operator:
        delivery = await operator.mail.send_later(message(recipients=[ADA, BOB]))
        await operator.mail.wait(delivery, timeout=30)

        page = await operator.see(f"/outbox/{delivery.id}")

    assert "1 of 2 accepted" in page
    assert page.index("451 4.7.1 greylisted") < page.rindex("550 5.1.1 no such user")
    assert "2 attempts." in page
    assert (ADA in page, BOB in page) == (True, True)


async def test_a_messages_page_has_a_hundred_recipients_and_leads_to_the_others(opened, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=BOB)
    people = [BOB, *(f"person-{number}@example.com" for number in range(101))]
    async with opened() as operator:
        sent = await operator.queued(*people)

        first = await operator.see(f"/outbox/{sent}")
        [onward] = re.findall(r'rel="next" href="([^"#]+)', first)
        last = await operator.see(unescape(onward))
        failed = await operator.see(f"/outbox/{sent}?recipients=failed")
        listed = await operator.see("/outbox/")

    assert "1 to 100 of 102." in first
    assert (people[99] in first, people[100] in first) == (True, False)
    assert (people[99] in last, people[100] in last, 'rel="next"' in last) == (False, True, False)
    assert (BOB in failed, people[1] in failed) == (True, False)
    assert f"to {BOB} and 101 more" in listed


@pytest.mark.parametrize("page", ["recipients=sending%20now", "skip=-1", "skip=one"])
async def test_a_page_of_recipients_that_is_none_is_said(operator, page):
    sent = await operator.queued()

    assert (await operator.get(f"/outbox/{sent}?{page}")).status_code == 400


async def test_an_unknown_message_is_not_found(operator):
    assert (await operator.get("/outbox/none")).status_code == 404


async def test_hostile_words_are_shown_escaped(operator, server):
    server.answer(Phase.RCPT, f"550 5.1.1 {HOSTILE}")
    delivery_id = await operator.queued(subject="<script>alert(1)</script> \u202egnol")

    list_page = await (await operator.get("/outbox/")).get_data(as_text=True)
    own_page = await (await operator.get(f"/outbox/{delivery_id}")).get_data(as_text=True)

    for page in (list_page, own_page):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; \\u202egnol" in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", page)


@pytest.mark.parametrize("path", ["/outbox/", "/outbox/{}", "/outbox/retry?id={}"])
async def test_no_page_breaks_its_own_policy(operator, server, path):
    server.answer(Phase.RCPT, "550 no")
    delivery_id = await operator.queued()

    answered = await operator.get(path.format(delivery_id))
    page = await answered.get_data(as_text=True)

    assert "style-src 'self'" in answered.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script", page)
    assert answered.headers["Cache-Control"] == "no-store"


async def test_a_failed_message_is_retried(operator, server, caplog):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    delivery_id = await operator.queued()

    confirming = await operator.see(f"/outbox/retry?id={delivery_id}")
    done = await operator.submit(f"/outbox/retry?id={delivery_id}", "/outbox/retry")
    await operator.mail.wait(delivery_id, timeout=30)
    page = await operator.see(done.location)

    assert "Retry 1 message?" in confirming
    assert "1 message queued for another attempt." in page
    assert 'data-state="sent"' in page
    assert audited(caplog) == [f"a local user: retry of 1 message found by id: {delivery_id}"]


async def test_a_waiting_message_is_cancelled(operator, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted")
    delivery_id = await operator.queued()

    done = await operator.submit(f"/outbox/cancel?id={delivery_id}", "/outbox/cancel")

    assert (await operator.mail.get(delivery_id)).status is Status.CANCELLED
    assert "Cancelled 1 message." in await operator.see(done.location)


async def test_all_that_match_are_retried_and_no_other(opened, server, caplog):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=3)
    async with opened(**OPERATOR) as operator:
        ids = {await operator.queued(BOB), await operator.queued(BOB)}
        other = await operator.queued(ADA)
        operator.request = {"headers": signed("ops", "pässword")}

        confirming = await operator.see(f"/outbox/retry?recipient={BOB}")
        done = await operator.submit(f"/outbox/retry?recipient={BOB}", "/outbox/retry")
        await operator.mail.drain()

        states = {each.id: each.status for each in await operator.mail.find()}
    [line] = audited(caplog)
    assert "Retry 2 messages?" in confirming
    assert done.location == "/outbox/?recipient=bob@example.com&done=retry&n=2"
    assert states == dict.fromkeys(ids, Status.SENT) | {other: Status.FAILED}
    assert line.startswith("operator ops: retry of 2 messages found by recipient: ")
    assert set(re.findall("[0-9a-f]{32}", line)) == ids
    assert "@" not in line


async def test_messages_queued_after_the_question_are_not_cancelled_with_the_others(opened):
    async with opened(QUARTAPP_DISPATCH=False) as operator:
        first = await operator.mail.send_later(message())
        question = await operator.see("/outbox/cancel")
        second = await operator.mail.send_later(message())

        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', question))
        await operator.press("/outbox/cancel", **fields)

        assert (await operator.mail.get(first.id)).status is Status.CANCELLED
        assert (await operator.mail.get(second.id)).status is Status.QUEUED


@pytest.mark.parametrize("what", ["retry", "cancel"])
async def test_where_nothing_can_be_done_there_is_no_button(operator, what):
    delivery_id = await operator.queued()

    page = await operator.see(f"/outbox/{what}?id={delivery_id}")

    assert f"Nothing to {what}" in page
    assert "<form" not in page


async def test_a_question_about_nonsense_says_why(operator):
    answered = await operator.get("/outbox/retry?status=lost")

    assert answered.status_code == 400
    assert "There is no such state" in await answered.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/outbox/retry", "/outbox/cancel", "/outbox/{}/text"])
async def test_nothing_is_done_for_a_form_of_another_page(operator, server, caplog, path):
    server.answer(Phase.RCPT, "550 no", times=1)
    delivery_id = await operator.queued()
    answers = []

    for headers in ELSEWHERE:
        refused = await operator.client.post(path.format(delivery_id), headers=headers)
        says_so = "nothing was changed" in await refused.get_data(as_text=True)
        state = (await operator.mail.get(delivery_id)).status
        answers.append((headers, refused.status_code, says_so, state))

    assert answers == [(headers, 403, True, Status.FAILED) for headers in ELSEWHERE]
    assert audited(caplog) == []


@pytest.mark.parametrize("origin", ["http://localhost", "https://LOCALHOST"])
async def test_a_browser_that_tells_the_origin_alone_is_believed(opened, origin):
    async with opened(QUARTAPP_DISPATCH=False) as operator:
        delivery = await operator.mail.send_later(message())

        await operator.client.post(
            "/outbox/cancel", form={"id": delivery.id}, headers={"Origin": origin}
        )

        assert (await operator.mail.get(delivery.id)).status is Status.CANCELLED


@pytest.mark.parametrize("path", ["/outbox/retry", "/outbox/cancel", "/outbox/none/text"])
async def test_nobody_acts_without_a_sign_in(in_production, path):
    async with in_production(**OPERATOR) as app:
        assert (await app.test_client().post(path)).status_code == 401


async def test_the_content_of_a_message_is_shown_only_when_asked_for_and_that_is_logged(
    operator, caplog
):
    delivery_id = await operator.queued(subject="Secret", body="The cake is \x1b[31ma lie.")

    before = await operator.see(f"/outbox/{delivery_id}")
    logged_before = audited(caplog)
    shown = await operator.submit(f"/outbox/{delivery_id}", f"/outbox/{delivery_id}/text")
    page = await shown.get_data(as_text=True)

    assert ("The cake" in before, logged_before) == (False, [])
    assert "The cake is \\x1b[31ma lie." in page
    assert audited(caplog) == [f"a local user: look into the text of 1 message: {delivery_id}"]


async def test_the_content_page_puts_no_pictures_in_and_cuts_what_is_long(opened):
    async with opened(QUARTAPP_DISPATCH=False) as operator:
        large = message(body="line\n" * 300_000, html='<img src="cid:x">' * 1000)
        large.attach("x.png", "image/png", b"x" * 100_000, "inline", {"Content-ID": "x"})
        delivery = await operator.mail.send_later(large)

        path = f"/outbox/{delivery.id}"
        shown = await operator.submit(path, f"{path}/text")
        page = await shown.get_data(as_text=True)

    assert len(page) < 500_000
    assert "data:image/png" not in page
    assert "Truncated" in page


async def test_an_audit_line_is_written_whatever_the_level_of_the_log(opened, server, capsys):
    server.answer(Phase.RCPT, "550 no", times=1)
    async with opened(QUARTAPP_LOG_LEVEL="ERROR") as operator:
        delivery_id = await operator.queued()
        await operator.submit(f"/outbox/retry?id={delivery_id}", "/outbox/retry")

    assert f"retry of 1 message found by id: {delivery_id}" in capsys.readouterr().err


async def test_the_page_of_a_deleted_message_says_so_as_long_as_its_key_is_remembered(opened):
    async with opened(MAIL_RETENTION=0) as operator:
        sent = [await operator.mail.send_later(message(), key=key) for key in ("k", None)]
        await operator.mail.drain()
        await operator.mail.prune()

        pages = [await operator.get(f"/outbox/{each.id}") for each in sent]
        said = [await each.get_data(as_text=True) for each in pages]

    assert [each.status_code for each in pages] == [404, 404]
    assert "This message was deleted after its retention." in said[0]
    assert "There is no such message." in said[1]
