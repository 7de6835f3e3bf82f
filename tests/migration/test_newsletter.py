"""A newsletter in bulk, as it was written for Flask-Mail."""

from __future__ import annotations

import pytest

from tests.migration.apps import newsletter
from tests.migration.apps.newsletter import create_app, mail, send_issue

READERS = [(f"Reader {number}", f"reader{number}@example.com") for number in range(7)]


@pytest.fixture
def make(server):
    def make(**settings):
        newsletter.sent.clear()
        return create_app({"MAIL_SERVER": server.host, "MAIL_PORT": server.port, **settings})

    return make


async def test_an_issue_reaches_every_reader_on_four_connections(make, server):
    async with make().app_context():
        await send_issue(1, READERS)

    assert [each.recipients for each in server.messages] == [(address,) for _, address in READERS]
    assert [each.connection for each in server.messages] == [1, 1, 2, 2, 3, 3, 4]
    assert {each.sender for each in server.messages} == {"bounces@example.com"}
    assert newsletter.sent == READERS


async def test_an_issue_is_recorded_under_test(make, server):
    async with make(TESTING=True).app_context():
        with mail.record_messages() as outbox:
            await send_issue(2, READERS)

    assert server.connections == 0
    assert [msg.recipients for msg in outbox] == [[reader] for reader in READERS]
    assert outbox[0].attachments[0].content_type == "application/pdf"
