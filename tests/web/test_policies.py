"""The content security policy of every address that the app has, a new one included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.pages.headers import MESSAGE_POLICY, PAGES_POLICY
from quartapp.mail.testing import message
from quartapp.web.headers import HEADERS

if TYPE_CHECKING:
    from quart import Quart, Response
    from werkzeug.routing import Rule

OF_MESSAGES = {"mail_mailbox.html", "mail_mailbox.preview_html", "mail_mailbox.of_html"}
ARRIVED = b"""Subject: hello\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: multipart/alternative; boundary=a\r
\r
--a\r
Content-Type: text/plain\r
\r
text\r
--a\r
Content-Type: text/html\r
\r
<b style="color: red">html</b>\r
--a--\r
--b\r
Content-Disposition: attachment; filename=file.txt\r
\r
file\r
--b--\r
"""
BY_ITSELF = re.compile(r"\sstyle=|<style|\son\w+=|<script(?! src=)|javascript:")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from one route, asked in one way."""

    endpoint: str
    method: str
    path: str
    answer: Response

    @property
    def policy(self) -> str:
        """Its content security policy."""
        return self.answer.headers["Content-Security-Policy"]


@pytest.fixture
async def answers(app: Quart) -> list[Answered]:
    """The answer to a GET of every route, at an address where there is something, and to a POST."""
    mail = app.extensions["mail"]
    queued = await mail.send_later(message(html="<p>html</p>"))
    entry = await mail.mailbox.store.add("a@example.com", ["b@example.com"], ARRIVED)
    await mail.drain()
    values = {"filename": "style.css", "name": "new_user", "number": 0, "_": "nowhere"}
    values |= {"message_id": entry.id, "delivery_id": queued.id}

    def path(rule: Rule) -> str:
        wanted = rule.arguments - set(rule.defaults or ())
        return rule.build({name: values[name] for name in wanted})[1]

    client = app.test_client()
    return [
        Answered(rule.endpoint, method, path(rule), await client.open(path(rule), method=method))
        for rule in app.url_map.iter_rules()
        for method in sorted({"GET", "POST"} & rule.methods)
    ]


async def test_every_route_was_asked_for_something_that_is_there(answers):
    there = [each for each in answers if not each.endpoint.endswith(".nowhere")]
    unlike = [each for each in there if each.answer.status_code not in (200, 302)]

    assert {each.method for each in unlike} == {"POST"}
    assert {each.answer.status_code for each in unlike} == {400, 403}  # no form of ours


def test_the_demo_and_the_mail_pages_have_one_policy():
    assert HEADERS["Content-Security-Policy"] == PAGES_POLICY


async def test_every_answer_has_the_policy_of_pages_but_the_html_of_messages(answers):
    others = [each for each in answers if each.policy != PAGES_POLICY]

    assert {each.endpoint for each in others} == OF_MESSAGES
    assert {each.policy for each in others} == {MESSAGE_POLICY}


async def test_no_page_has_a_script_or_a_style_in_it_that_its_policy_forbids(answers):
    pages = [
        (each.path, await each.answer.get_data(as_text=True))
        for each in answers
        if each.answer.content_type.startswith("text/html") and each.endpoint not in OF_MESSAGES
    ]

    assert len(pages) > 10
    assert [path for path, page in pages if BY_ITSELF.search(page)] == []
