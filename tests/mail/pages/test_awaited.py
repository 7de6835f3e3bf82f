"""What a page says of a message leads to what can be read, whatever became of the message."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import update

from quartapp.mail import Attachment
from quartapp.mail.mailbox import Kind
from quartapp.mail.outbox.tables import messages, recipients
from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor
from tests.mail.outbox.sample import NOW

LATER = NOW + timedelta(days=3650)
STATES = {
    "queued": {"status": "queued", "due_at": NOW},
    "deferred": {"status": "queued", "due_at": LATER, "attempts": 1},
    "sending": {"status": "sending", "due_at": None, "token": "t", "lease": 60.0},
    "sent": {"status": "sent", "due_at": None, "sent_at": NOW, "ended_at": NOW, "attempts": 1},
    "failed": {"status": "failed", "due_at": None, "ended_at": NOW, "attempts": 1},
    "expired": {"status": "failed", "due_at": None, "ended_at": NOW},
    "cancelled": {"status": "cancelled", "due_at": None, "ended_at": NOW},
    "uncertain": {"status": "uncertain", "due_at": LATER, "attempts": 1},
    "held": {"status": "uncertain", "due_at": None, "ended_at": NOW, "attempts": 1},
}
BACKENDS = ("mailbox", "smtp", "suppressed")


async def stored(app, state, backend, key=None):
    """The id of a message in this state, as another process left it."""
    written = message(
        subject="Tea at four",
        body="Scones and cake.",
        html="<p>Tea</p>",
        attachments=[Attachment("menu.txt", "text/plain", b"scones")],
    )
    delivery = await app.extensions["mail"].send_later(written, key=key)
    changes = STATES[state] | {"backend": backend}
    mine = recipients.c.delivery_id == delivery.id
    async with app.extensions["database"].writing() as connection:
        await connection.execute(
            update(messages).where(messages.c.id == delivery.id).values(changes)
        )
        status = changes["status"].replace("sending", "queued")
        person = {"status": status, "due_at": changes["due_at"]}
        await connection.execute(update(recipients).where(mine).values(person))
    return delivery.id


@pytest.mark.parametrize("backend", BACKENDS)
async def test_every_link_about_a_message_leads_somewhere(started, backend):
    async with started(QUARTAPP_DISPATCH=False) as app:
        visitor, ids = Visitor(app), [await stored(app, state, backend) for state in STATES]
        own = [f"{place}/{each}" for each in ids for place in ("/outbox", "/dev/mail/of")]

        pages = {page: await links_on(visitor, page) for page in ("/outbox/", "/dev/mail/", *own)}
        links = {link for page in pages.values() for link in page}
        answers = {link: (await visitor.get(link)).status_code for link in links}

    assert {f"/outbox/{each}" for each in ids} <= {*pages["/outbox/"]}
    assert {link: code for link, code in answers.items() if code != 200} == {}


async def test_a_message_of_the_mailbox_can_be_read_before_it_arrives(started):
    async with started(QUARTAPP_DISPATCH=False) as app:
        visitor, read = Visitor(app), {}
        for state in STATES:
            path = f"/dev/mail/of/{await stored(app, state, 'mailbox')}"
            page, html = await visitor.see(path), await visitor.get(f"{path}.html")
            eml = await (await visitor.get(f"{path}.eml")).get_data(as_text=False)
            read[state] = (
                "Scones and cake." in page,
                b"Subject: Tea at four" in eml,
                "sandbox" in html.headers["Content-Security-Policy"],
            )

    assert read == dict.fromkeys(STATES, (True, True, True))


@pytest.mark.parametrize("path", ["/outbox/{}", "/dev/mail/of/{}", "/dev/mail/of/{}.eml"])
async def test_of_a_pruned_message_pages_say_so(started, path):
    async with started(QUARTAPP_DISPATCH=False, MAIL_RETENTION_FAILED=0) as app:
        delivery_id = await stored(app, "failed", "mailbox", key="tea")
        await app.extensions["mail"].prune()

        answer = await Visitor(app).get(path.format(delivery_id))

    assert answer.status_code == 404
    assert "This message was deleted after its retention." in await answer.get_data(as_text=True)


async def test_a_message_for_a_mail_server_is_read_where_that_is_logged(started):
    async with started(QUARTAPP_DISPATCH=False) as app:
        visitor, delivery_id = Visitor(app), await stored(app, "failed", "smtp")
        page = await visitor.see(f"/dev/mail/of/{delivery_id}")
        eml = await visitor.get(f"/dev/mail/of/{delivery_id}.eml")

    assert "Scones and cake." not in page
    assert f'href="/outbox/{delivery_id}"' in page
    assert eml.status_code == 404


async def test_a_waiting_message_says_on_the_operators_page_what_keeps_it(started):
    async with started() as app:
        visitor, delivery_id = Visitor(app), await stored(app, "deferred", "smtp")

        page = await visitor.see(f"/outbox/{delivery_id}")

    assert "It waits for the backend smtp, which no process runs." in page


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("queued", "No attempts yet."), ("expired", "No attempts were made."), ("sent", "1 attempt.")],
)
async def test_attempts_are_told_by_whether_there_will_be_more(started, state, sentence):
    async with started(QUARTAPP_DISPATCH=False) as app:
        delivery_id = await stored(app, state, "smtp")

        page = await Visitor(app).see(f"/outbox/{delivery_id}")

    assert sentence in page


async def test_a_suppressed_message_is_nowhere_said_to_have_been_sent(started):
    async with started(MAIL_SUPPRESS_SEND=True) as app:
        delivery = await app.extensions["mail"].send_later(message())
        visitor = Visitor(app)

        own = await visitor.see(f"/outbox/{delivery.id}")
        mailbox = await visitor.see(f"/dev/mail/of/{delivery.id}")
        status = await visitor.see(f"/deliveries/{delivery.id}")

    assert "suppressed: it is sent to nobody" in own
    assert "<dt>Sent</dt>" not in own
    assert "suppressed, and so sent to nobody" in mailbox
    assert "was not sent" in status


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "Nothing leaves this machine."),
        (
            {"MAIL_SERVER": "mail.example", "QUARTAPP_DISPATCH": False},
            "Messages go to mail.example:25, and do not come here.",
        ),
        ({"MAIL_SUPPRESS_SEND": True}, "messages are sent to nobody, and do not come here."),
    ],
)
async def test_the_mailbox_says_where_messages_go_now(started, settings, sentence):
    async with started(**settings) as app:
        store = app.extensions["mail"].mailbox.store
        await store.add("a@example.com", ["b@example.com"], b"")
        full = await Visitor(app).see("/dev/mail/")
        await store.empty()
        empty = await Visitor(app).see("/dev/mail/")

    assert sentence in full
    assert ("Nothing leaves this machine." in full) is (not settings)
    assert ("appear on this page" in empty) is (not settings)


async def test_chaos_is_not_announced_where_messages_do_not_come(started):
    async with started(MAIL_SERVER="mail.example", QUARTAPP_DISPATCH=False) as app:
        await app.extensions["mail"].mailbox.chaos.switch_on(Kind.DROP, None)

        page = await Visitor(app).see("/dev/mail/")
        chaos = await Visitor(app).see("/dev/mail/chaos")

    assert "Chaos:" not in page
    assert "Messages go to mail.example:25, and do not come here." in chaos


async def links_on(visitor, path):
    """Where a page's links, pictures, styles and frames lead."""
    page = await visitor.see(path)
    found = re.findall(r'(?:href|src)="([^"#]+)[^"]*"', page)
    return [unescape(link) for link in found]
