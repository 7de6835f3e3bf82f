"""Once the server has accepted a message, nothing says that it was not sent."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.mail import Mail, Status, email_dispatched, message_sent
from quartapp.mail.message.encoding import Envelope
from quartapp.mail.outbox.tables import contents
from quartapp.mail.testing import Phase, message
from quartapp.mail.transports.memory import MemoryTransport

TALLINN = timezone(timedelta(hours=1, minutes=39, seconds=1))
"""As clocks went there until 1918."""


UNREADABLE = b"Subject: Tea\r\n\r\ngr\xfc\xdfe\r\n"
"""What may be sent, and not be read again."""


@pytest.fixture
def heard():
    """The signals that were sent, by name."""
    names = []

    async def dispatched(_app, message):
        names.append("dispatched")

    async def sent(_app, delivery):
        names.append("sent")

    with ExitStack() as stack:
        stack.enter_context(email_dispatched.connected_to(dispatched))
        stack.enter_context(message_sent.connected_to(sent))
        yield names


async def test_what_cannot_be_read_again_was_sent_all_the_same(mail, heard, caplog):
    with mail.record_messages() as outbox:
        await mail.publisher.sent_from_outbox(
            Envelope("ada@example.com", ("bob@example.com",)), UNREADABLE
        )

    assert (outbox, heard) == ([], [])
    assert "cannot be read again" in caplog.text


async def test_receivers_know_of_a_message_that_cannot_be_read_again(mail, server, heard):
    async with mail.outbox.database.transaction() as session:
        queued = await mail.send_later(message(), session=session)
        await session.execute(update(contents).values(content=UNREADABLE))
    done = await mail.wait(queued, timeout=30)

    assert (done.status, len(server.messages), heard) == (Status.SENT, 1, ["sent"])


async def test_a_date_of_a_zone_with_seconds_is_one_that_others_can_read(mail, server, heard):
    date = datetime(1910, 5, 1, 12, tzinfo=TALLINN)

    await mail.send(message(date=date))

    [received] = server.messages
    assert parsedate_to_datetime(message_from_bytes(received.content)["Date"]) == date
    assert heard == ["dispatched"]


async def test_a_connection_that_ends_badly_was_good_enough(serve, server):
    server.drop(Phase.QUIT)
    async with serve(MAIL_MAX_EMAILS=1) as mail:
        receipt = await mail.send(message())

    assert receipt.recipients[0].status is Status.SENT


async def test_a_transport_of_the_hosts_that_cannot_be_ended_has_sent(caplog):
    class Endless(MemoryTransport):
        @asynccontextmanager
        async def session(self, *, is_exclusive=False):
            async with super().session(is_exclusive=is_exclusive) as session:
                yield session
            raise ConnectionResetError

    app = Quart("host")
    app.config.update(MAIL_SUPPRESS_SEND=False, MAIL_DEFAULT_SENDER="flasky@example.com")
    mail = Mail(app, transport=Endless())

    receipt = await mail.send(message())

    assert receipt.recipients[0].status is Status.SENT
    assert "a connection could not be ended" in caplog.text
