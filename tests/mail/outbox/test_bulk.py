"""Many messages at once: what it costs others, and how often it is told."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress

import pytest
from quart import Quart
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.mail import Mail, MessageError, Status, message_queued
from quartapp.mail.clock import Turns
from quartapp.mail.testing import message
from tests.crash.clock import HandClock

MANY = 60


class SlowClock(HandClock):
    """A clock by which everything takes long: each look at it comes 20 ms after the last."""

    def elapsed(self):
        self.seconds += 0.02
        return super().elapsed()


@pytest.fixture
async def engine(database_url):
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def mail(engine):
    """The mail of an app that does not run, on a machine that is slow."""
    app = Quart("bulk")
    app.config.update(
        TESTING=True, MAIL_SUPPRESS_SEND=False, MAIL_DEFAULT_SENDER="flasky@example.com"
    )
    Mail(app, engine=engine, clock=SlowClock())
    return app.extensions["mail"]


@asynccontextmanager
async def others():
    """Another task on the event loop: how many turns it has had so far, in a list of one."""
    turns = [0]

    async def work():
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(work())
    try:
        yield turns
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def lines(caplog):
    return [each for each in caplog.messages if "queued" in each]


async def test_many_messages_have_a_transaction_of_their_own(mail):
    stored = await mail.send_all_later(message(subject=f"Tea {each}") for each in range(MANY))

    found = await mail.find(limit=MANY)
    assert {each.id: each for each in found} == {each.id: each for each in stored}
    assert (len(stored), (await mail.stats())[Status.QUEUED]) == (MANY, MANY)


async def test_one_that_cannot_be_sent_leaves_none_of_them(mail):
    with pytest.raises(MessageError):
        await mail.send_all_later([message(), message(recipients=[])])

    assert (await mail.stats())[Status.QUEUED] == 0


async def test_others_have_their_turns_while_many_are_encoded(mail):
    seen = []

    async with others() as turns:

        def write():
            for _ in range(MANY):
                seen.append(turns[0])
                yield message()

        await mail.send_all_later(write())

    assert len(set(seen)) == MANY


async def test_others_have_their_turns_in_every_long_calculation():
    seen = []

    async with others() as turns:
        await Turns(SlowClock()).all(seen.append(turns[0]) for _ in range(MANY))

    assert len(set(seen)) == MANY


async def test_a_short_calculation_gives_nobody_a_turn():
    seen = []

    async with others() as turns:
        await Turns(HandClock()).all(seen.append(turns[0]) for _ in range(MANY))

    assert len(set(seen)) == 1


async def test_others_have_their_turns_while_receivers_are_told_of_many(mail):
    seen = []

    async with others() as turns:

        async def look(_app, delivery):
            seen.append(turns[0])

        with message_queued.connected_to(look, mail.host.app):
            stored = await mail.send_all_later(message() for _ in range(MANY))
            await mail.publisher.told(stored[-1].id)

    assert (len(seen), len(set(seen)) > 1) == (MANY, True)


async def test_many_are_encoded_before_the_session_asks_the_database_anything(mail, engine):
    seen = []

    async with AsyncSession(engine) as session:

        def write():
            for _ in range(3):
                seen.append(session.in_transaction())
                yield message()

        await mail.send_all_later(write(), session=session)
        seen.append(session.in_transaction())
        await session.commit()

    assert seen == [False, False, False, True]


async def test_many_messages_write_one_line_in_the_log(mail, caplog):
    caplog.set_level(logging.INFO)

    stored = await mail.send_all_later(message() for _ in range(MANY))

    first = ", ".join(each.id for each in stored[:5])
    assert lines(caplog) == [f"{MANY} messages queued: {first} and {MANY - 5} more"]


async def test_messages_queued_one_by_one_write_one_line_for_their_transaction(
    mail, engine, caplog
):
    caplog.set_level(logging.INFO)

    async with AsyncSession(engine) as session:
        one = await mail.send_later(message(), session=session)
        other = await mail.send_later(message(), session=session)
        await session.commit()

    assert lines(caplog) == [f"2 messages queued: {one.id}, {other.id}"]


async def test_suppressed_messages_write_two_lines_however_many(mail, caplog):
    caplog.set_level(logging.INFO)
    mail.host.config["MAIL_SUPPRESS_SEND"] = True

    with mail.record_messages() as outbox:
        one, other = await mail.send_all_later([message(), message()])

    ids = f"{one.id}, {other.id}"
    assert [each for each in caplog.messages if one.id in each] == [
        f"2 messages queued: {ids}",
        f"2 messages sent: {ids}",
    ]
    assert len(outbox) == 2
