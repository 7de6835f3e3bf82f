"""Two applications that share one `Mail`, as they were written for Flask-Mail."""

from __future__ import annotations

from quartapp.mail import Message
from tests.migration.apps.sites import forum, mail, shop


async def test_each_site_writes_in_its_own_name():
    with mail.record_messages() as outbox:
        await shop.test_client().post("/contact")
        await forum.test_client().post("/contact")

    assert [(msg.sender, msg.subject) for msg in outbox] == [
        ("shop@example.com", "Question to shop"),
        ("forum@example.com", "Question to forum"),
    ]


async def test_a_message_has_the_sender_of_the_site_it_is_written_in():
    for site in (shop, forum):
        async with site.app_context():
            msg = Message("Hi", recipients=["ada@example.com"], body="text")
            assert msg.sender == site.extensions["mail"].default_sender == mail.default_sender
            assert f"From: {site.name}@example.com" in str(msg)
