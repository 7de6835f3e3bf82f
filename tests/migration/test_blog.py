"""A blog that was written for Flask-Mail, and its tests: imports and `await` are what changed."""

from __future__ import annotations

import time

import pytest

from quartapp.mail import Message
from tests.migration.apps.blog import create_app, mail


@pytest.fixture
def app():
    return create_app(TESTING=True)


@pytest.fixture
def client(app):
    return app.test_client()


async def test_whoever_registers_is_welcomed(client):
    with mail.record_messages() as outbox:
        before = time.time()
        await client.post("/register", form={"address": "ada@example.com"})

    assert len(outbox) == 1
    msg = outbox[0]
    assert msg.subject == "Welcome"
    assert msg.sender == "The blog <blog@example.com>"
    assert msg.recipients == [("Ada", "ada@example.com")]
    assert msg.body == "Hello ada@example.com,\nyour account is ready.\n"
    assert msg.html == "<p>Hello <b>ada@example.com</b>"
    assert before <= msg.date <= time.time()


async def test_the_terms_are_attached(client):
    with mail.record_messages() as outbox:
        await client.post("/register", form={"address": "ada@example.com"})

    [terms] = outbox[0].attachments
    assert (terms.filename, terms.content_type) == ("terms.txt", "text/plain")
    assert terms.disposition == "attachment"
    assert terms.data == "Be kind.\n"


async def test_an_invitation_goes_to_all(client):
    with mail.record_messages() as outbox:
        await client.post("/invite", form={"addresses": "ada@example.com,bob@example.com"})

    assert outbox[0].send_to == {"ada@example.com", "bob@example.com"}
    assert outbox[0].reply_to == "Editors <editors@example.com>"
    assert "X-Campaign: autumn" in str(outbox[0])


async def test_a_report_hides_its_archive(client):
    with mail.record_messages() as outbox:
        await client.post("/report", form={"text": "All is well."})

    assert len(outbox) == 1
    assert outbox[0].send_to == {
        "admin@example.com", "deputy@example.com", "archive@example.com",
    }  # fmt: skip
    assert "archive@example.com" not in outbox[0].as_string()


async def test_a_message_is_written_with_the_settings_of_the_app(app):
    async with app.app_context():
        msg = Message("Hello", recipients=["ada@example.com"], body="text")
        with mail.record_messages() as outbox:
            await mail.send(msg)

        assert outbox[0] is msg
        assert msg in outbox
        assert "From: The blog <blog@example.com>" in msg.as_string()


def test_the_extension_has_the_settings(app):
    state = app.extensions["mail"]

    assert (state.server, state.port, state.use_tls) == ("smtp.example.com", 587, True)
    assert (state.username, state.password) == ("blog", "secret")
    assert state.default_sender == "The blog <blog@example.com>"
    assert state.suppress is True
