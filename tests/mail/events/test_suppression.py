"""Suppressed messages: stored as sent in the caller's transaction, and recorded when it commits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart, request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.mail import (
    Mail,
    MailError,
    Status,
    email_dispatched,
    message_queued,
    message_sent,
)
from quartapp.mail.testing import message
from tests.mail.outbox.sample import HandClock

LATER = timedelta(days=1)


@pytest.fixture
async def engine(database_url):
    """A host's own engine on a database without any table."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def app(engine):
    """A host under test: it has an engine of its own, and a view that queues a message."""
    app = Quart(__name__)
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com", MAIL_SERVER="nowhere")
    mail = Mail(app, engine=engine)

    @app.post("/")
    async def register() -> str:
        name = (await request.form)["name"]
        async with AsyncSession(engine) as session, session.begin():
            await mail.send_later(message(subject=name), session=session)
            if name == "rollback":
                raise ZeroDivisionError
        return "ok"

    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def service(app):
    """The app's mail, which nobody has started."""
    return app.extensions["mail"]


@pytest.fixture
def clock():
    """The time, which stands still until a test lets it go on."""
    return HandClock()


@pytest.fixture
def timed(engine, clock):
    """The mail service of an app under test that goes by that clock."""
    app = Quart("timed")
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com")
    Mail(app, engine=engine, clock=clock)
    return app.extensions["mail"]


async def test_a_post_without_a_lifespan_is_recorded_at_once(app, service):
    with service.record_messages() as outbox:
        await app.test_client().post("/", form={"name": "Ada"})

        assert [each.subject for each in outbox] == ["Ada"]


async def test_a_post_with_a_lifespan_is_recorded_once(app, service):
    async with app.test_app():
        with service.record_messages() as outbox:
            await app.test_client().post("/", form={"name": "Ada"})
            at_once = len(outbox)
            await service.drain()

    assert (at_once, len(outbox)) == (1, 1)


async def test_what_is_rolled_back_is_not_recorded_and_its_tables_go_too(app, service):
    with service.record_messages() as outbox:
        failed = await app.test_client().post("/", form={"name": "rollback"})
        before = len(outbox)
        passed = await app.test_client().post("/", form={"name": "Ada"})

    assert (failed.status_code, passed.status_code) == (500, 200)
    assert (before, len(outbox)) == (0, 1)


async def test_the_delivery_says_that_it_was_suppressed(service):
    delivery = await service.send_later(message(recipients=["ada@example.com", "bob@example.com"]))

    assert (delivery.status, delivery.detail, delivery.attempts) == (Status.SENT, "suppressed", 0)
    assert [each.status for each in delivery.recipients] == [Status.SENT, Status.SENT]
    assert delivery.is_final
    assert await service.get(delivery.id) == delivery


async def test_suppressed_messages_are_counted_apart(service):
    await service.send_later(message())
    service.host.config["MAIL_SUPPRESS_SEND"] = False
    await service.send_later(message())

    figures = await service.report.figures()

    assert figures.suppressed == 1
    assert (figures.counts[Status.SENT], figures.counts[Status.QUEUED]) == (1, 1)


async def test_waiting_and_draining_return_at_once(service):
    delivery = await service.send_later(message())

    await service.drain()
    done = await service.wait(delivery)

    assert done == delivery


async def test_signals_are_sent_once_it_has_committed(service, engine):
    heard = []

    def hear(name):
        def receiver(_app, **_what):
            heard.append(name)

        return receiver

    queued, dispatched, sent = hear("queued"), hear("dispatched"), hear("sent")
    with (
        message_queued.connected_to(queued, service.host.app),
        email_dispatched.connected_to(dispatched, service.host.app),
        message_sent.connected_to(sent, service.host.app),
    ):
        async with AsyncSession(engine) as session:
            await service.send_later(message(), session=session)
            await service.publisher.settle(30)
            before = list(heard)
            await session.commit()
        await service.publisher.settle(30)

    assert (before, sorted(heard)) == ([], ["dispatched", "queued", "sent"])


async def test_a_repeated_key_is_recorded_once(service):
    with service.record_messages() as outbox:
        first = await service.send_later(message(), key="welcome")
        second = await service.send_later(message(), key="welcome")

    assert (second, len(outbox)) == (first, 1)


async def test_a_message_for_later_is_not_recorded_before_it_is_due(service):
    with service.record_messages() as outbox:
        delivery = await service.send_later(message(), at=datetime.now(UTC) + LATER)
        await service.drain()

    assert (delivery.status, outbox) == (Status.QUEUED, [])


async def test_draining_ends_what_has_become_due(timed, clock):
    delivery = await timed.send_later(message(), at=clock.now() + LATER)
    clock.go_on(2 * LATER)

    with timed.record_messages() as outbox:
        await timed.drain()

    done = await timed.get(delivery.id)
    assert (done.status, done.detail, len(outbox)) == (Status.SENT, "suppressed", 1)


async def test_a_process_that_does_not_suppress_leaves_suppressed_messages_alone(timed, clock):
    delivery = await timed.send_later(message(), at=clock.now() + LATER)
    timed.host.config["MAIL_SUPPRESS_SEND"] = False
    clock.go_on(2 * LATER)

    batch = await timed.outbox.claim(10)

    assert batch.claims == ()
    assert (await timed.get(delivery.id)).status is Status.QUEUED


async def test_a_process_that_suppresses_leaves_other_messages_alone(timed):
    timed.host.config["MAIL_SUPPRESS_SEND"] = False
    delivery = await timed.send_later(message())
    timed.host.config["MAIL_SUPPRESS_SEND"] = True

    batch = await timed.outbox.claim(10)

    assert batch.claims == ()
    assert (await timed.get(delivery.id)).status is Status.QUEUED


async def test_a_message_that_expires_before_it_is_due_fails(timed, clock):
    delivery = await timed.send_later(message(), expires=clock.now() - LATER)

    with timed.record_messages() as outbox:
        await timed.drain()

    assert (await timed.get(delivery.id)).status is Status.FAILED
    assert outbox == []


@pytest.mark.parametrize("waits", ["wait", "drain"])
async def test_waiting_where_nothing_delivers_is_refused(timed, waits):
    timed.host.config["MAIL_SUPPRESS_SEND"] = False
    delivery = await timed.send_later(message())

    with pytest.raises(MailError, match="nothing delivers here"):
        await (timed.wait(delivery) if waits == "wait" else timed.drain())


async def test_nothing_was_ever_queued_where_there_are_no_tables(service):
    assert (await service.find(), await service.get("0123")) == ([], None)
    assert set((await service.stats()).values()) == {0}


async def test_tables_are_looked_for_no_more_once_they_are_committed(service, engine):
    await service.send_later(message())
    asked = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def hear(_connection, _cursor, statement, *_):
        asked.append(statement)

    await service.send_later(message())

    assert not [each for each in asked if "sqlite_master" in each or "pg_catalog" in each]


async def test_tables_are_not_made_where_that_is_not_wanted(app, service):
    app.config["TESTING"] = False
    app.config["MAIL_SUPPRESS_SEND"] = True

    with pytest.raises(MailError, match="mail upgrade"):
        await service.send_later(message())


async def test_drains_at_once_share_a_worker_and_leave_no_task(timed, clock):
    await timed.send_later(message(), at=clock.now() + LATER)
    clock.go_on(2 * LATER)

    with timed.record_messages() as outbox:
        await asyncio.gather(*(timed.drain() for _ in range(3)))

    assert (len(outbox), asyncio.all_tasks()) == (1, {asyncio.current_task()})
