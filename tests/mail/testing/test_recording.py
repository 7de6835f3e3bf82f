"""`mail_outbox`: what a test sends or queues, once, whichever way and in whichever app."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from threading import Thread

import pytest
from quart import Quart
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.mail import DeliveryError, Mail, MessageVetoed
from quartapp.mail.testing import Phase, assert_sent, message

LATER = timedelta(days=1)

mail = Mail()


@pytest.fixture
async def engine(sqlite_url):
    """The host's own engine."""
    engine = create_async_engine(sqlite_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def create_app(engine, smtp_server, put_mail_tables, sqlite_url):
    """A factory of apps that share a module's `mail`, as many applications have it."""
    put_mail_tables(sqlite_url)

    def create(*, suppress_send: bool) -> Quart:
        app = Quart("host")
        app.config.update(
            TESTING=True,
            MAIL_SUPPRESS_SEND=suppress_send,
            MAIL_SERVER=smtp_server.host,
            MAIL_PORT=smtp_server.port,
            MAIL_DEFAULT_SENDER="flasky@example.com",
        )
        mail.init_app(app, engine=engine)
        return app

    return create


async def in_a_transaction(session):
    await mail.send_later(message(), session=session)
    await session.commit()


async def rolled_back(session):
    await mail.send_later(message(), session=session)
    await session.rollback()


async def not_yet_committed(session):
    await mail.send_later(message(), session=session)


async def twice_with_one_key(_session):
    for _ in range(2):
        await mail.send_later(message(), key="order-1")


async def on_one_connection(_session):
    async with mail.connect() as connection:
        await connection.send(message())
        await connection.send(message())


async def by_tasks_at_the_same_time(_session):
    await asyncio.gather(*(mail.send(message()) for _ in range(5)))


WAYS = {
    "now": (lambda _: mail.send(message()), 1),
    "on one connection": (on_one_connection, 2),
    "by tasks at the same time": (by_tasks_at_the_same_time, 5),
    "later": (lambda _: mail.send_later(message()), 1),
    "tomorrow": (lambda _: mail.send_later(message(), at=LATER), 1),
    "many": (lambda _: mail.send_all_later([message(), message()]), 2),
    "twice with one key": (twice_with_one_key, 1),
    "in a transaction": (in_a_transaction, 1),
    "rolled back": (rolled_back, 0),
    "not yet committed": (not_yet_committed, 0),
}


@pytest.mark.parametrize("is_suppressed", [True, False], ids=["suppressed", "delivered"])
async def test_each_way_to_send_is_recorded_once(is_suppressed, create_app, engine, mail_outbox):
    app = create_app(suppress_send=is_suppressed)
    recorded, delivered = {}, {}

    async with app.test_app(), app.app_context():
        for name, (way, _) in WAYS.items():
            async with AsyncSession(engine) as session:
                await way(session)
                recorded[name] = len(mail_outbox)
            await mail.drain()
            delivered[name] = len(mail_outbox)
            mail_outbox.clear()

    assert recorded == {name: number for name, (_, number) in WAYS.items()}
    assert delivered == recorded


async def test_several_apps_in_one_test_are_recorded_with_or_without_a_context(
    create_app, mail_outbox
):
    first, second = create_app(suppress_send=True), create_app(suppress_send=False)

    async with first.app_context():
        await mail.send(message(subject="First"))
    await second.extensions["mail"].send(message(subject="Second"))

    assert [each.subject for each in mail_outbox] == ["First", "Second"]


async def test_what_the_server_rejects_is_not_recorded(create_app, smtp_server, mail_outbox):
    service = create_app(suppress_send=False).extensions["mail"]
    smtp_server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="eve@example.com")

    with suppress(DeliveryError):
        await service.send(message(recipients=["eve@example.com"]))
    await service.send(message(recipients=["ada@example.com"], bcc=["eve@example.com"]))

    [recorded] = mail_outbox
    assert (recorded.recipients, recorded.bcc) == (["ada@example.com"], [])


async def test_what_a_hook_vetoes_is_not_recorded_and_what_it_amends_is_as_amended(
    create_app, mail_outbox
):
    service = create_app(suppress_send=True).extensions["mail"]

    @service.before_send
    def check(seen):
        if seen.subject == "Vetoed":
            raise MessageVetoed
        seen.subject = "Amended"

    for send in (service.send, service.send_later):
        await send(message())
        with suppress(MessageVetoed):
            await send(message(subject="Vetoed"))

    assert [each.subject for each in mail_outbox] == ["Amended", "Amended"]


async def test_what_was_sent_is_recorded_as_its_readers_get_it(create_app, mail_outbox):
    service = create_app(suppress_send=True).extensions["mail"]
    written = message(
        sender=None,
        subject="Grüße",
        html="<b>Grüße</b>",
        cc=[("Äda", "ada@example.com")],
        bcc=["eve@example.com"],
    )
    written.attach("ü.txt", "text/plain", "Grüße\n")

    await service.send_later(written)
    written.subject = "Changed afterwards"

    [recorded] = assert_sent(
        to="bob@example.com",
        subject="Grüße",
        body="Dear Bob,\n\ntea is at four.\n",
        html="<b>Grüße</b>",
        cc=["Äda <ada@example.com>"],
        bcc="eve@example.com",
        sender="flasky@example.com",
        attachments=["ü.txt"],
    )
    assert recorded.attachments[0].data.decode() == "Grüße\n"
    assert written in mail_outbox


def test_a_thread_that_knows_of_no_test_sends_for_the_one_that_runs(create_app, mail_outbox):
    service = create_app(suppress_send=True).extensions["mail"]

    def serve() -> None:
        asyncio.run(service.send(message()))

    thread = Thread(target=serve)
    thread.start()
    thread.join()

    assert len(mail_outbox) == 1
