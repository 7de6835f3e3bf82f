"""Priority, from the call that names it to the server."""

from __future__ import annotations

import pytest

from quartapp.mail import MailError, MailService, PlainHost
from quartapp.mail.testing import message


async def test_the_highest_priority_is_sent_first(serve, server):
    async with serve(MAIL_CONNECTIONS=1) as mail:
        async with mail.outbox.database.transaction() as session:
            news = [message(subject="News"), message(subject="More news")]
            await mail.send_all_later(news, session=session, priority="low")
            await mail.send_later(message(subject="Tea"), session=session)
            reset = await mail.send_later(
                message(subject="Reset"), session=session, priority="high"
            )
        done = await mail.wait(reset, timeout=30)
        await mail.drain()

    lines = [
        copy.content.partition(b"Subject: ")[2].partition(b"\r\n")[0] for copy in server.messages
    ]
    assert (reset.priority, done.priority) == ("high", "high")
    assert lines[:2] == [b"Reset", b"Tea"]
    assert sorted(lines[2:]) == [b"More news", b"News"]


async def test_another_priority_is_refused_and_nothing_is_stored(serve, server):
    async with serve() as mail:
        with pytest.raises(MailError, match="priority= is 'urgent': give 'high', 'normal' or"):
            await mail.send_later(message(), priority="urgent")
        with pytest.raises(MailError, match="priority= is None"):
            await mail.send_all_later([message()], priority=None)

        assert await mail.find() == []


async def test_the_books_function_takes_it_too(tmp_path):
    settings = {"MAIL_SUPPRESS_SEND": True, "MAIL_DEFAULT_SENDER": "flasky@example.com"}
    settings["MAIL_UPGRADE"] = "always"
    service = MailService(PlainHost(settings, folder=tmp_path, render=lambda name, context: "text"))

    async with service.running():
        delivery = await service.send_email("b@example.org", "Hi", "mail/hi", priority="high")

    assert delivery.priority == "high"
