"""A transport of one's own: an app sends through it, whatever its settings say."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from quart import Quart

from quartapp.mail import Mail, Status
from quartapp.mail.testing import TransportContract, message
from quartapp.mail.transports import (
    Answer,
    Breaker,
    Outcome,
    Result,
    ServerOutage,
    TransportFigures,
)


class Pigeon:
    """A transport that can be grounded, with the public contract alone."""

    def __init__(self):
        self.breaker = Breaker(0.01, 0.01)
        self.sent = []
        self.closed = 0
        self.is_grounded = False
        self._busy = 0

    @property
    def figures(self):
        return TransportFigures(self._busy, 0, 0, 100)

    @asynccontextmanager
    async def session(self, *, is_exclusive=False):
        if self.is_grounded:
            outage = ServerOutage("storm")
            self.breaker.trip(str(outage))
            raise outage
        self.breaker.reset()
        self._busy += 1
        try:
            yield self
        finally:
            self._busy -= 1

    async def send(self, envelope, content, before_end_of_data=None):
        if before_end_of_data is not None:
            await before_end_of_data()
        self.sent.append(envelope)
        return Outcome(dict.fromkeys(envelope.recipients, Answer(Result.ACCEPTED, None, "flown")))

    async def close(self):
        self.closed += 1


class TestPigeon(TransportContract):
    @pytest.fixture
    def transport(self):
        return Pigeon()

    def unreachable(self):
        pigeon = Pigeon()
        pigeon.is_grounded = True
        return pigeon


@pytest.fixture
def pigeon():
    return Pigeon()


@pytest.fixture
def app(pigeon, sqlite_url):
    app = Quart(__name__)
    app.config.update(
        DATABASE_URL=sqlite_url,
        MAIL_SUPPRESS_SEND=False,
        MAIL_DEFAULT_SENDER="flasky@example.com",
        MAIL_UPGRADE="always",
    )
    app.mail = Mail(app, transport=pigeon)
    return app


async def test_messages_are_sent_through_it_at_every_start(app, pigeon):
    ends = []
    for _ in range(2):
        async with app.test_app():
            delivery = await app.mail.send_later(message())
            ends.append(await app.mail.wait(delivery, timeout=30))

    assert [(end.status, end.recipients[0].reply) for end in ends] == [(Status.SENT, "flown")] * 2
    assert (len(pigeon.sent), pigeon.closed) == (2, 2)


async def test_a_message_that_is_sent_now_goes_through_it_too(app, pigeon):
    async with app.app_context():
        receipt = await app.mail.send(message())

    assert receipt.recipients[0].status is Status.SENT
    assert len(pigeon.sent) == 1


async def test_its_outage_pauses_delivery_and_costs_no_attempt(app, pigeon):
    pigeon.is_grounded = True
    async with app.test_app():
        delivery = await app.mail.send_later(message())
        await app.mail.drain()
        during = await app.mail.get(delivery.id)
        pigeon.is_grounded = False
        after = await app.mail.wait(delivery, timeout=30)

    # A probe may be on its way at that very moment: open is queued or sending.
    assert (during.is_final, during.attempts, during.detail) == (False, 0, "storm")
    assert (after.status, after.attempts) == (Status.SENT, 1)
