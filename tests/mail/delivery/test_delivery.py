"""A message's way from the outbox to a server, and what is made of each answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail import MailError, Status
from quartapp.mail.testing import Phase, message


async def test_a_queued_message_is_sent_once(mail, server):
    delivery = await mail.send_later(message(subject="Hello"))

    done = await mail.wait(delivery, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)
    assert done.recipients[0].code == 250


async def test_a_message_of_a_rolled_back_transaction_never_existed(mail, server):
    async with mail.outbox.database.transaction() as session:
        await mail.send_later(message(), session=session)
        await session.rollback()

    await mail.drain()

    assert (await mail.find(), server.messages) == ([], [])


async def test_a_message_leaves_when_its_session_commits(mail, server):
    async with mail.outbox.database.transaction() as session:
        delivery = await mail.send_later(message(), session=session)

    done = await mail.wait(delivery, timeout=30)

    assert done.status is Status.SENT


async def test_a_rejected_message_fails_with_the_reply(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, done.attempts, done.recipients[0].code) == (Status.FAILED, 1, 550)
    assert "no such user" in done.detail


async def test_a_deferred_message_is_retried_later(mail, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", times=1)
    delivery = await mail.send_later(message())

    await mail.drain()
    waiting = await mail.get(delivery.id)

    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 1)
    assert 50 < (waiting.due_at - waiting.created_at).total_seconds() < 70


async def test_an_accepted_recipient_is_not_sent_to_again(serve, server):
    server.answer(Phase.RCPT, "451 later", recipient="bob@example.com", times=1)
    async with serve(MAIL_RETRY_FIRST=0.01, MAIL_RETRY_MAX=1) as mail:
        written = message(recipients=["ada@example.com", "bob@example.com"])

        done = await mail.wait(await mail.send_later(written), timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 2)
    assert [sent.recipients for sent in server.messages] == [
        ("ada@example.com",),
        ("bob@example.com",),
    ]


async def test_one_rejected_recipient_does_not_stop_the_others(mail, server):
    server.answer(Phase.RCPT, "550 5.1.1 unknown", recipient="bob@example.com")
    written = message(recipients=["ada@example.com", "bob@example.com"])

    done = await mail.wait(await mail.send_later(written), timeout=30)

    assert done.status is Status.FAILED
    assert done.detail == "1 of 2 accepted; bob@example.com: 550 5.1.1 unknown"


async def test_a_connection_lost_after_the_end_of_data_leaves_the_message_uncertain(mail, server):
    server.drop(Phase.END_OF_DATA)
    delivery = await mail.send_later(message())

    await mail.drain()
    unsure = await mail.get(delivery.id)

    assert (unsure.status, unsure.attempts, unsure.is_final) == (Status.UNCERTAIN, 1, False)
    assert (unsure.due_at - unsure.created_at).total_seconds() >= 1800


async def test_a_held_message_waits_for_an_operator(serve, server):
    server.drop(Phase.END_OF_DATA, times=1)
    async with serve(MAIL_ON_UNCERTAIN="hold") as mail:
        held = await mail.wait(await mail.send_later(message()), timeout=30)

        await mail.retry(held)
        done = await mail.wait(held, timeout=30)

    assert (held.status, held.due_at) == (Status.UNCERTAIN, None)
    assert (done.status, done.attempts) == (Status.SENT, 2)


async def test_a_server_that_is_down_costs_no_attempt(serve, server):
    await server.stop()
    async with serve(MAIL_BREAKER_FIRST=0.05) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()
        waiting = await mail.get(delivery.id)

        await server.start()
        done = await mail.wait(delivery, timeout=30)

    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 0)
    assert "refused the connection" in waiting.detail
    assert (done.status, done.attempts) == (Status.SENT, 1)


async def test_a_message_with_a_time_waits_for_it(mail, server):
    delivery = await mail.send_later(message(), at=datetime.now(UTC) + timedelta(hours=1))

    await mail.drain()

    assert (await mail.get(delivery.id)).status is Status.QUEUED
    assert server.messages == []


async def test_an_expired_message_is_not_sent(mail, server):
    delivery = await mail.send_later(message(), expires=datetime.now(UTC) - timedelta(seconds=1))

    done = await mail.wait(delivery, timeout=30)

    assert (done.status, done.attempts, server.messages) == (Status.FAILED, 0, [])
    assert "expired" in done.detail


async def test_the_same_key_queues_one_message(mail, server):
    first = await mail.send_later(message(), key="welcome-ada")

    second = await mail.send_later(message(), key="welcome-ada")
    await mail.wait(first, timeout=30)

    assert second.id == first.id
    assert len(server.messages) == 1


async def test_a_key_belongs_to_one_message(mail):
    await mail.send_later(message(), key="welcome-ada")

    with pytest.raises(MailError, match="belongs to another message"):
        await mail.send_later(message(subject="Something else"), key="welcome-ada")


async def test_a_cancelled_message_is_not_sent(mail, server):
    delivery = await mail.send_later(message(), at=datetime.now(UTC) + timedelta(hours=1))

    await mail.cancel(delivery)

    assert (await mail.get(delivery.id)).status is Status.CANCELLED


async def test_a_message_cancelled_during_an_attempt_is_not_retried(mail, server):
    server.stall(Phase.MAIL)
    server.answer(Phase.RCPT, "451 later")
    delivery = await mail.send_later(message())
    await server.reached(Phase.MAIL)

    await mail.cancel(delivery)
    server.resume()
    done = await mail.wait(delivery, timeout=30)

    assert (done.status, done.attempts) == (Status.CANCELLED, 1)


async def test_a_write_inside_a_write_names_the_cure(mail):
    async with mail.outbox.database.transaction():
        with pytest.raises(MailError, match="session="):
            await mail.send_later(message())
