"""What becomes of a message that we cut ourselves: a lost lease, an error, a stop."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from quart import Quart

from quartapp.mail import Mail, Status
from quartapp.mail.testing import Phase, SMTPServer, message
from quartapp.mail.transports import Answer, Result
from quartapp.mail.transports.memory import MemoryTransport
from tests.crash.clock import HandClock

EVE, BOB = "eve@example.com", "bob@example.com"
NO_USER = Answer(Result.PERMANENT, 550, "no such user")


class CutTransport(MemoryTransport):
    """Hears that EVE is unknown, then meets this before or after the end of data.

    meet
        Does not return.
    """

    def __init__(self, meet, *, is_past_end_of_data):
        super().__init__()
        self.begun = asyncio.Event()
        self.heard = {}
        self._meet = meet
        self._is_past_end_of_data = is_past_end_of_data

    @asynccontextmanager
    async def session(self, *, is_exclusive=False):
        yield self

    async def send(self, envelope, content, before_end_of_data=None):
        self.heard = {EVE: NO_USER}
        if self._is_past_end_of_data:
            await before_end_of_data()
        self.begun.set()
        await self._meet()


async def bug():
    raise RuntimeError("a bug")


async def no_reply():
    await asyncio.Event().wait()


@pytest.fixture
def app(sqlite_url, put_mail_tables):
    put_mail_tables(sqlite_url)
    app = Quart(__name__)
    app.config.update(
        DATABASE_URL=sqlite_url,
        MAIL_SUPPRESS_SEND=False,
        MAIL_DEFAULT_SENDER="flasky@example.com",
        MAIL_DRAIN_TIMEOUT=0.01,
    )
    return app


@pytest.mark.parametrize(
    ("is_past_end_of_data", "status"), [(False, Status.QUEUED), (True, Status.UNCERTAIN)]
)
async def test_an_error_of_our_own_leaves_what_was_heard_and_says_what_is_unknown(
    app, is_past_end_of_data, status
):
    mail = Mail(app, transport=CutTransport(bug, is_past_end_of_data=is_past_end_of_data))
    async with app.test_app():
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await mail.drain()
        now = await mail.get(delivery.id)

    eve, bob = now.recipients
    assert (eve.status, eve.code, now.attempts) == (Status.FAILED, 550, 1)
    assert (bob.status, bob.reply) == (status, "internal error: RuntimeError: a bug")
    assert bob.due_at > now.created_at


async def test_a_stop_makes_uncertain_what_a_transport_of_the_hosts_awaits(app):
    transport = CutTransport(no_reply, is_past_end_of_data=True)
    mail = Mail(app, transport=transport)
    async with app.test_app():
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await transport.begun.wait()
    now = await mail.get(delivery.id)

    eve, bob = now.recipients
    assert (eve.status, bob.status, now.attempts) == (Status.FAILED, Status.UNCERTAIN, 1)
    assert bob.reply == "stopped before the reply to the end of data"


async def test_a_stop_releases_what_a_transport_of_the_hosts_has_not_ended(app):
    transport = CutTransport(no_reply, is_past_end_of_data=False)
    mail = Mail(app, transport=transport)
    async with app.test_app():
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await transport.begun.wait()
    now = await mail.get(delivery.id)

    assert [each.status for each in now.recipients] == [Status.FAILED, Status.QUEUED]


async def test_a_lost_lease_leaves_what_was_heard(serve, database_url, caplog):
    clock = HandClock()
    async with SMTPServer(extensions=("8BITMIME",)) as server:
        server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
        server.stall(Phase.DATA, times=1)
        async with serve(database_url, MAIL_PORT=server.port, clock=clock) as mail:
            delivery = await mail.send_later(message(recipients=[EVE, BOB]))
            await server.reached(Phase.DATA)
            clock.seconds += mail.settings.lease
            server.resume()
            done = await mail.wait(delivery, timeout=30)

    eve, bob = done.recipients
    assert f"the lease on message {delivery.id} ended" in caplog.text
    assert (eve.status, eve.code, bob.status) == (Status.FAILED, 550, Status.SENT)
    assert server.transcript.count(f"RCPT TO:<{EVE}>") == 1
