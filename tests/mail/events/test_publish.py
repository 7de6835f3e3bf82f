"""Who is told what became of a message: receivers of signals, recorders, the log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from quartapp.mail import (
    Message,
    Status,
    email_dispatched,
    message_deferred,
    message_failed,
    message_queued,
    message_sent,
)
from quartapp.mail.testing import Phase, message

SIGNALS = [email_dispatched, message_queued, message_sent, message_deferred, message_failed]


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


async def test_a_failing_receiver_breaks_nothing_and_keeps_it_from_nobody(mail, server, caplog):
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


async def test_a_recorder_keeps_what_goes_out_meanwhile(mail):
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

    [kept] = outbox
    assert isinstance(kept, Message)
    assert (kept.subject, kept.html.strip()) == ("Grüße", "<p>tea</p>")
    assert kept.send_to == {"bob@example.com", "carol@example.com", "dora@example.com"}
    assert [(each.filename, each.data) for each in kept.attachments] == [("tea.txt", b"Darjeeling")]


async def test_what_was_refused_is_not_recorded(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    with mail.record_messages() as outbox:
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert outbox == []


async def test_the_log_tells_of_each_message_by_its_id_alone(mail, server, caplog):
    caplog.set_level(logging.INFO)

    delivery = await mail.send_later(message(body="Nobody else's business"))
    await mail.wait(delivery, timeout=30)

    lines = [record.message for record in caplog.records if delivery.id in record.message]
    assert lines == [f"message {delivery.id} queued", f"message {delivery.id} sent, attempt 1"]
    assert not any(word in caplog.text for word in ("bob@example.com", "business", "Tea"))
