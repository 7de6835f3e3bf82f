"""Who is told what became of a message: receivers of signals, recorders, the log."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

import pytest
from quart import current_app, g, has_request_context

from quartapp.mail import (
    Message,
    Status,
    email_dispatched,
    message_cancelled,
    message_deferred,
    message_failed,
    message_queued,
    message_sent,
    message_uncertain,
)
from quartapp.mail.testing import Phase, message

SIGNALS = [
    email_dispatched,
    message_queued,
    message_sent,
    message_deferred,
    message_failed,
    message_uncertain,
    message_cancelled,
]
VISITOR = ContextVar("VISITOR", default="nobody")


@pytest.fixture
def told(mail):
    """The names of the signals that were sent for this app, in order, with what came along."""
    heard = []

    def hear(signal):
        async def receiver(app, **what):
            [value] = what.values()
            heard.append((signal.name, value))

        return receiver

    receivers = [(signal, hear(signal)) for signal in SIGNALS]
    for signal, receiver in receivers:
        signal.connect(receiver, mail.host.app)
    yield heard
    for signal, receiver in receivers:
        signal.disconnect(receiver, mail.host.app)


def names(told):
    return [name for name, _ in told]


async def test_a_sent_message_is_told_of_three_times(mail, told):
    await mail.wait(await mail.send_later(message()), timeout=30)

    assert names(told) == ["message-queued", "email-dispatched", "message-sent"]
    assert [what.status for name, what in told if name == "message-sent"] == [Status.SENT]


async def test_a_deferred_message_is_told_of(mail, server, told):
    server.answer(Phase.RCPT, "451 4.7.1 later")

    await mail.send_later(message())
    await mail.drain()

    assert names(told) == ["message-queued", "message-deferred"]
    assert (told[1][1].status, told[1][1].attempts) == (Status.QUEUED, 1)


async def test_a_failed_message_is_told_of(mail, server, told):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    await mail.wait(await mail.send_later(message()), timeout=30)

    assert names(told) == ["message-queued", "message-failed"]


async def test_an_uncertain_message_is_told_of_with_the_time_of_its_next_attempt(
    mail, server, told
):
    server.drop(Phase.END_OF_DATA)

    await mail.send_later(message())
    await mail.drain()

    assert names(told) == ["message-queued", "message-uncertain"]
    assert told[1][1].due_at is not None


async def test_an_expired_message_is_told_of_as_failed(mail, told):
    past = datetime.now(UTC) - timedelta(minutes=1)

    await mail.wait(await mail.send_later(message(), expires=past), timeout=30)

    assert names(told) == ["message-queued", "message-failed"]


async def test_a_cancelled_message_is_told_of(mail, told):
    delivery = await mail.send_later(message(), at=datetime.now(UTC) + timedelta(days=1))

    await mail.cancel(delivery)
    await mail.publisher.settle(30)

    assert names(told) == ["message-queued", "message-cancelled"]
    assert told[1][1].status is Status.CANCELLED


async def test_a_message_that_is_retried_is_not_told_of_as_cancelled(mail, server, told):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)
    failed = await mail.wait(await mail.send_later(message()), timeout=30)

    await mail.retry(failed)
    await mail.drain()

    assert "message-cancelled" not in names(told)


async def test_a_repeated_key_is_told_of_once(mail, told):
    await mail.send_later(message(), key="welcome")
    await mail.send_later(message(), key="welcome")
    await mail.drain()

    assert names(told).count("message-queued") == 1


async def test_a_repeated_key_in_a_session_is_told_of_once(mail, told):
    async with mail.outbox.database.transaction() as session:
        await mail.send_later(message(), session=session, key="welcome")
        await mail.send_later(message(), session=session, key="welcome")
    await mail.drain()

    assert names(told).count("message-queued") == 1


async def test_many_messages_of_one_session_are_each_told_of(mail, told):
    async with mail.outbox.database.transaction() as session:
        await mail.send_all_later([message(), message(), message()], session=session)
    await mail.drain()

    assert names(told).count("message-queued") == 3


async def test_a_savepoint_that_is_rolled_back_leaves_the_other_messages_news(mail, told):
    async with mail.outbox.database.transaction() as session:
        stays = await mail.send_later(message(), session=session)
        savepoint = await session.begin_nested()
        await mail.send_later(message(), session=session)
        await savepoint.rollback()
    await mail.drain()

    assert [what.id for name, what in told if name == "message-queued"] == [stays.id]


async def test_a_receiver_sees_no_request_and_nothing_of_who_caused_the_change(mail):
    seen = []

    def look(_app, delivery):
        seen.append((has_request_context(), VISITOR.get(), current_app.name))

    with message_queued.connected_to(look, mail.host.app):
        async with mail.host.app.test_request_context("/"):
            VISITOR.set("ada")
            await mail.send_later(message())
        await mail.publisher.settle(30)

    assert seen == [(False, "nobody", mail.host.app.name)]


async def test_each_receiver_has_an_app_context_of_its_own(mail):
    seen = []

    async def leave_something(_app, delivery):
        seen.append(g.get("left"))
        g.left = "something"

    async def leave_something_too(_app, delivery):
        await leave_something(_app, delivery)

    with (
        message_sent.connected_to(leave_something, mail.host.app),
        message_sent.connected_to(leave_something_too, mail.host.app),
    ):
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert seen == [None, None]


async def test_a_message_that_waits_for_its_server_is_no_news(serve, server, caplog):
    caplog.set_level(logging.INFO)
    await server.stop()
    async with serve(MAIL_BREAKER_FIRST=60) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()

    assert [r.message for r in caplog.records if delivery.id in r.message] == [
        f"message {delivery.id} queued"
    ]


async def test_a_message_that_was_rolled_back_is_no_news(mail, told):
    async with mail.outbox.database.transaction() as session:
        await mail.send_later(message(), session=session)
        await session.rollback()

    assert told == []


async def test_a_message_is_told_of_when_its_transaction_has_committed(mail, told):
    async with mail.outbox.database.transaction() as session:
        await mail.send_later(message(), session=session)
        told_inside = list(told)
    await mail.drain()

    assert told_inside == []
    assert names(told)[0] == "message-queued"


async def test_what_a_receiver_hears_is_in_the_database_already(mail):
    found = []

    async def look(_app, delivery):
        found.append(await mail.get(delivery.id))

    with message_sent.connected_to(look, mail.host.app):
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert found == [done]


async def test_a_receiver_need_not_be_async(mail):
    heard = []

    def hear(_app, delivery):
        heard.append(delivery.status)

    with message_sent.connected_to(hear, mail.host.app):
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert heard == [Status.SENT]


async def test_a_failing_receiver_breaks_nothing_and_hinders_no_other(mail, server, caplog):
    heard = []

    async def fail(_app, **_what):
        raise ZeroDivisionError

    async def hear(_app, delivery):
        heard.append(delivery.status)

    with (
        message_sent.connected_to(fail, mail.host.app),
        message_sent.connected_to(hear, mail.host.app),
        message_queued.connected_to(fail, mail.host.app),
        email_dispatched.connected_to(fail, mail.host.app),
    ):
        done = await mail.wait(await mail.send_later(message()), timeout=30)
        again = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, again.status, len(server.messages)) == (Status.SENT, Status.SENT, 2)
    assert heard == [Status.SENT, Status.SENT]
    assert "a receiver of message-sent failed" in caplog.text


async def test_a_receiver_of_another_app_hears_nothing(mail, told, serve):
    async with serve() as other:
        await other.send(message())

    assert told == []


async def test_a_receiver_that_never_ends_does_not_stop_the_shutdown(serve):
    async def hang(_app, **_what):
        await asyncio.Event().wait()

    async with asyncio.timeout(20):
        async with serve(MAIL_DRAIN_TIMEOUT=0.1) as mail:
            with message_queued.connected_to(hang, mail.host.app):
                delivery = await mail.send_later(message())
                done = await mail.wait(delivery, timeout=30)

    assert done.status is Status.SENT


async def test_a_recorder_records_what_goes_out_meanwhile(mail):
    await mail.send(message(subject="Before"))
    with mail.record_messages() as outbox:
        await mail.send(message(subject="Now"))
        await mail.wait(await mail.send_later(message(subject="Later")), timeout=30)
    await mail.send(message(subject="After"))

    assert [message.subject for message in outbox] == ["Now", "Later"]


async def test_each_recorder_has_a_list_of_its_own(mail):
    with mail.record_messages() as outer:
        await mail.send(message(subject="One"))
        with mail.record_messages() as inner:
            await mail.send(message(subject="Two"))

    assert [message.subject for message in outer] == ["One", "Two"]
    assert [message.subject for message in inner] == ["Two"]


async def test_a_recorder_hears_of_its_own_service_alone(mail, serve):
    with mail.record_messages() as outbox:
        async with serve() as other:
            await other.send(message())

    assert outbox == []


async def test_a_message_of_the_outbox_is_a_message_again(mail):
    written = message(
        subject="Grüße",
        recipients=["Bob <bob@example.com>"],
        cc=["carol@example.com"],
        bcc=["dora@example.com"],
        html="<p>tea</p>",
    )
    written.attach("tea.txt", "text/plain", "Darjeeling")

    with mail.record_messages() as outbox:
        await mail.wait(await mail.send_later(written), timeout=30)

    [recorded] = outbox
    assert isinstance(recorded, Message)
    assert (recorded.subject, recorded.html.strip()) == ("Grüße", "<p>tea</p>")
    assert recorded.send_to == {"bob@example.com", "carol@example.com", "dora@example.com"}
    assert [(each.filename, each.data) for each in recorded.attachments] == [
        ("tea.txt", b"Darjeeling")
    ]


async def test_what_was_refused_is_not_recorded(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    with mail.record_messages() as outbox:
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert outbox == []
