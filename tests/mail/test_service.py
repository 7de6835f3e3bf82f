"""The mail service in any Quart app: bound, sent with, waited for."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise

import pytest
from quart import Quart
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.database import Database
from quartapp.mail import (
    DeliveryError,
    Mail,
    MailError,
    PermanentError,
    Status,
    TransientError,
    UncertainError,
    send_email,
)
from quartapp.mail import mail as current_mail
from quartapp.mail.testing import Phase, message
from tests.crash.waiting import until

BRIEFLY = {"MAIL_TIMEOUT": 0.3, "MAIL_DATA_TIMEOUT": 0.3}


@pytest.fixture
def app(server, sqlite_url):
    """Somebody's app, which knows nothing of ours."""
    app = Quart(__name__)
    app.config.update(
        DATABASE_URL=sqlite_url,
        MAIL_SERVER=server.host,
        MAIL_PORT=server.port,
        MAIL_DEFAULT_SENDER="flasky@example.com",
        MAIL_SUPPRESS_SEND=False,
    )
    return app


async def test_it_delivers_while_the_app_serves(app, server):
    mail = Mail(app)
    app.before_serving(mail.upgrade)
    async with app.test_app():
        running = mail.is_running
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (running, mail.is_running, done.status) == (True, False, Status.SENT)


async def test_it_uses_the_apps_own_engine_and_leaves_it_open(app, server, sqlite_url):
    engine = create_async_engine(sqlite_url)
    mail = Mail(engine=engine)
    mail.init_app(app)
    app.before_serving(mail.upgrade)
    async with app.test_app(), AsyncSession(engine) as session:
        delivery = await mail.send_later(message(), session=session)
        await session.commit()
        done = await mail.wait(delivery, timeout=30)

    async with engine.connect() as connection:
        assert connection.closed is False
    await engine.dispose()
    assert done.status is Status.SENT


async def test_it_delivers_without_serving_where_it_is_told_to(app, server):
    mail = Mail(app)
    await mail.upgrade()
    async with mail.running(), mail.running():
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (mail.is_running, done.status) == (False, Status.SENT)


async def test_the_proxy_stands_for_the_current_apps_service(serve):
    async with serve() as mail, mail.host.app_context():
        delivery = await current_mail.send_later(message())
        done = await mail.wait(delivery, timeout=30)

    assert done.status is Status.SENT


async def test_the_proxy_says_what_is_missing():
    async with Quart(__name__).app_context():
        with pytest.raises(MailError, match=r"call mail.init_app\(app\)"):
            await send_email("ada@example.com", "Hello", "mail/hello")


async def test_send_returns_what_the_server_said_to_each(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="bob@example.com")
    written = message(recipients=["ada@example.com", "bob@example.com"])

    receipt = await mail.send(written)

    assert receipt.message_id == server.messages[0].message_id
    assert [(each.address, each.status, each.code, each.reply) for each in receipt.recipients] == [
        ("ada@example.com", Status.SENT, 250, "2.0.0 Ok"),
        ("bob@example.com", Status.FAILED, 550, "5.1.1 no such user"),
    ]


async def test_send_keeps_nothing(mail, server):
    await mail.send(message())

    assert (len(server.messages), await mail.find()) == (1, [])


@pytest.mark.parametrize(
    ("phase", "reply", "error", "code"),
    [
        (Phase.RCPT, "550 5.1.1 no such user", PermanentError, 550),
        (Phase.END_OF_DATA, "554 5.7.1 spam", PermanentError, 554),
        (Phase.RCPT, "451 4.7.1 later", TransientError, 451),
        (Phase.END_OF_DATA, "452 4.3.1 full", TransientError, 452),
        (Phase.MAIL, "421 4.3.2 closing", TransientError, 421),
    ],
)
async def test_a_refusal_is_raised_with_code_and_reply(mail, server, phase, reply, error, code):
    server.answer(phase, reply)

    with pytest.raises(DeliveryError, match=reply) as caught:
        await mail.send(message())

    assert (type(caught.value), caught.value.code) == (error, code)
    assert reply[4:] in caught.value.reply


async def test_a_loss_after_the_end_of_data_is_uncertain(mail, server):
    server.drop(Phase.END_OF_DATA)

    with pytest.raises(UncertainError, match="after the end of data") as caught:
        await mail.send(message())

    assert caught.value.code is None


async def test_a_server_that_is_down_is_a_transient_error(mail, server):
    await server.stop()

    with pytest.raises(TransientError, match="refused the connection"):
        await mail.send(message())


async def test_many_messages_go_over_one_connection(mail, server):
    async with mail.connect() as connection:
        for number in range(3):
            await connection.send(message(subject=f"Number {number}"))

    assert [sent.connection for sent in server.messages] == [1, 1, 1]
    assert server.messages[2].message["subject"] == "Number 2"


async def test_a_message_refused_on_a_connection_stops_no_other(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)

    async with mail.connect() as connection:
        with pytest.raises(PermanentError):
            await connection.send(message())
        await connection.send(message())

    assert [sent.connection for sent in server.messages] == [1]


async def test_a_message_is_sent_while_the_app_does_not_serve(app, server):
    mail = Mail(app)

    receipt = await mail.send(message())
    await server.idle()

    assert receipt.recipients[0].status is Status.SENT


async def test_wait_ends_after_its_time(mail, server):
    server.stall(Phase.MAIL)
    delivery = await mail.send_later(message())

    with pytest.raises(TimeoutError):
        await mail.wait(delivery, timeout=0.05)


async def test_wait_knows_no_message_that_was_never_kept(mail):
    with pytest.raises(LookupError, match="no message 0123"):
        await mail.wait("0123")


async def test_wait_knows_no_message_that_is_not_committed(mail):
    async with mail.outbox.database.transaction() as session:
        delivery = await mail.send_later(message(), session=session)
        with pytest.raises(LookupError, match="or it is not committed"):
            await mail.wait(delivery)


async def test_wait_sees_what_another_process_did(serve, server):
    async with serve(QUARTAPP_DISPATCH=False) as keeper:
        delivery = await keeper.send_later(message())
        waiting = asyncio.create_task(keeper.wait(delivery, timeout=30))
        async with serve():
            done = await waiting

    assert done.status is Status.SENT


async def test_watch_tells_each_change_once(mail, server):
    server.stall(Phase.MAIL)
    delivery = await mail.send_later(message())
    await server.reached(Phase.MAIL)

    changes = []
    async for change in mail.watch(delivery):
        changes.append(change)
        server.resume()

    assert [change.status for change in changes] == [Status.SENDING, Status.SENT]
    assert all(one != other for one, other in pairwise(changes))


async def test_drain_waits_for_everything_that_is_due(mail, server):
    for _ in range(20):
        await mail.send_later(message())

    await mail.drain()

    assert len(server.messages) == 20
    assert (await mail.stats())[Status.SENT] == 20


async def test_drain_does_not_wait_for_what_is_due_later(mail, server):
    server.answer(Phase.RCPT, "451 4.7.1 later")
    await mail.send_later(message())

    await asyncio.wait_for(mail.drain(), 30)

    assert (await mail.stats())[Status.QUEUED] == 1


async def test_drain_ends_when_the_server_is_in_trouble(serve, server):
    await server.stop()
    async with serve(MAIL_BREAKER_FIRST=60) as mail:
        await mail.send_later(message())

        await asyncio.wait_for(mail.drain(), 30)

        assert "refused the connection" in mail.outage


async def test_drain_waits_until_what_befell_a_message_is_written_down(mail, server):
    server.stall(Phase.GREETING)
    kept = await mail.send_later(message())
    await server.reached(Phase.GREETING)
    async with mail.outbox.database.transaction():
        await server.stop()
        await until(lambda: is_recording(mail), lambda: "trouble to be written down")
        draining = asyncio.create_task(mail.drain())
        await mail.stats()
        is_done_early = draining.done()
    await draining

    assert not is_done_early
    assert (await mail.get(kept.id)).status is Status.QUEUED


async def is_recording(mail):
    return mail.worker.is_blocked and mail.worker.is_recording


async def test_a_session_of_another_database_is_refused(mail, tmp_path):
    other = Database(f"sqlite+aiosqlite:///{tmp_path}/other.sqlite")
    async with other.transaction() as session:
        with pytest.raises(MailError, match=r"`Mail\(app, engine=engine\)`"):
            await mail.send_later(message(), session=session)
    await other.dispose()


@pytest.mark.parametrize("name", ["at", "expires"])
async def test_a_time_without_a_zone_is_refused(mail, name):
    with pytest.raises(MailError, match=f"{name}= has no time zone"):
        await mail.send_later(message(), **{name: datetime(2030, 1, 1)})  # noqa: DTZ001, RUF100


async def test_suppression_is_asked_for_at_every_message(mail, server):
    mail.host.config["MAIL_SUPPRESS_SEND"] = True
    with mail.record_messages() as outbox:
        suppressed = await mail.wait(await mail.send_later(message()), timeout=30)
    mail.host.config["MAIL_SUPPRESS_SEND"] = False
    sent = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (suppressed.status, suppressed.detail, len(outbox)) == (Status.SENT, "suppressed", 1)
    assert (sent.status, sent.detail, len(server.messages)) == (Status.SENT, "", 1)


async def test_a_message_suppressed_on_the_spot_has_its_receipt(serve, server):
    async with serve(MAIL_SUPPRESS_SEND=True) as mail:
        receipt = await mail.send(message())

    assert (receipt.recipients[0].status, receipt.recipients[0].reply) == (
        Status.SENT, "suppressed",
    )  # fmt: skip
    assert server.connections == 0


async def test_a_deleted_message_is_known_by_its_key_and_waits_for_nobody(app):
    app.config["MAIL_RETENTION"] = 0
    mail = Mail(app)
    app.before_serving(mail.upgrade)
    async with app.test_app():
        first = await mail.wait(await mail.send_later(message(), key="welcome"), timeout=30)
        deleted = await mail.prune()

        again = await mail.send_later(message(), key="welcome")
        waited = await mail.wait(again, timeout=30)
        changes = [change async for change in mail.watch(again)]

    assert (deleted, again.id, again.status) == (1, first.id, Status.SENT)
    assert (again.recipients, again.detail, again.is_pruned) == ((), "pruned", True)
    assert (waited, changes) == (again, [again])
