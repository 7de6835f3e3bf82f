"""The rest of a message: recipients that the server did not answer go in the next transaction."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from quartapp.mail import Status, message_deferred, message_sent
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.waiting import until
from tests.mail.delivery.test_database_outage import rename
from tests.mail.outbox.test_counting import totals

MANY = [f"{number:02}@example.com" for number in range(12)]
EVE, BOB = "eve@example.com", "bob@example.com"
TOO_MANY = "452 4.5.3 too many recipients"


async def test_after_a_421_the_next_transaction_asks_only_the_rest(serve, server, database_url):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
    server.answer(Phase.RCPT, "421 4.7.0 too many errors", recipient=BOB, times=1)
    async with serve(database_url) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=[EVE, BOB])), timeout=30)
        is_blocked = mail.worker.is_blocked

    eve, bob = done.recipients
    assert (done.status, done.attempts, is_blocked) == (Status.FAILED, 2, False)
    assert (eve.status, eve.code, bob.status) == (Status.FAILED, 550, Status.SENT)
    assert server.transcript.count(f"RCPT TO:<{EVE}>") == 1
    assert [copy.recipients for copy in server.messages] == [(BOB,)]


async def test_too_many_recipients_go_in_the_next_transactions_at_once(serve, server, database_url):
    for address in MANY[5:]:
        server.answer(Phase.RCPT, TOO_MANY, recipient=address, times=1)
    async with serve(database_url, MAIL_RETRY_FIRST=4000) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)
        again = await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)

    assert {done.status, again.status} == {Status.SENT}
    copies = [copy.recipients for copy in server.messages]
    assert [len(copy) for copy in copies] == [5, 5, 2, 5, 5, 2]
    assert sorted(address for copy in copies[:3] for address in copy) == MANY


async def test_nobody_is_told_before_the_rest_is_through(serve, server, caplog):
    caplog.set_level("INFO")
    heard = []

    async def hear(_app, delivery):
        heard.append(delivery.status)

    async with serve(MAIL_MAX_RECIPIENTS=5) as mail:
        with (
            message_deferred.connected_to(hear, mail.host.app),
            message_sent.connected_to(hear, mail.host.app),
        ):
            delivery = await mail.send_later(message(recipients=MANY))
            await mail.wait(delivery, timeout=30)
            await mail.publisher.settle(30)

    assert heard == [Status.SENT]
    ours = [record for record in caplog.records if getattr(record, "id", "") == delivery.id]
    assert [record.outcome for record in ours] == ["queued", "sent"]


@contextmanager
def claims_in(database):
    """The statements meanwhile that read all recipients of what was claimed."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT mail_recipients.delivery_id"):
            seen.append(statement)

    engines = [each.sync_engine for each in database.engines]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_message_in_many_transactions_is_claimed_once(serve, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=MANY[7])
    async with serve(MAIL_MAX_RECIPIENTS=2) as mail:
        with claims_in(mail.outbox.database) as claims:
            done = await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)

    assert (done.status, done.attempts, len(claims)) == (Status.FAILED, 6, 1)
    assert [len(copy.recipients) for copy in server.messages] == [2, 2, 2, 1, 2, 2]


async def test_a_message_in_many_transactions_goes_out_once(serve, server):
    async with serve(MAIL_MAX_RECIPIENTS=5) as mail:
        with mail.record_messages() as outbox:
            await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)

    [sent] = outbox
    assert (sent.recipients, len(server.messages)) == (MANY, 3)


async def test_a_message_in_two_attempts_goes_out_once(serve, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient=BOB, times=1)
    async with serve(MAIL_RETRY_FIRST=0.01) as mail:
        with mail.record_messages() as outbox:
            await mail.wait(await mail.send_later(message(recipients=[EVE, BOB])), timeout=30)

    assert len(outbox) == 1
    assert [copy.recipients for copy in server.messages] == [(EVE,), (BOB,)]


async def test_what_had_gone_out_before_an_outage_is_told_of_once(serve, server):
    server.answer(Phase.MAIL, "421 4.3.2 shutting down", nth=2)
    async with serve(MAIL_MAX_RECIPIENTS=10, MAIL_BREAKER_FIRST=0.01) as mail:
        with mail.record_messages() as outbox:
            await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)

    assert (len(outbox), len(server.messages)) == (1, 2)


async def test_a_stop_ends_a_message_after_the_transaction_in_progress(serve, server, database_url):
    server.delay(Phase.END_OF_DATA, 0.3)
    async with serve(database_url, MAIL_MAX_RECIPIENTS=10) as mail:
        delivery = await mail.send_later(message(recipients=MANY))
        await server.reached(Phase.END_OF_DATA)
    async with serve(database_url, MAIL_UPGRADE="never", MAIL_DISPATCH=False) as mail:
        then = await mail.get(delivery.id)

    assert (then.status, then.attempts, len(server.messages)) == (Status.QUEUED, 1, 1)
    assert then.due_at is not None


async def test_an_attempt_that_goes_on_is_counted_once(serve, server):
    async with serve(MAIL_MAX_RECIPIENTS=5) as mail:
        await mail.wait(await mail.send_later(message(recipients=MANY)), timeout=30)

        assert await totals(mail.outbox) == {"sent": 1}


async def test_what_is_sent_now_goes_in_as_many_transactions(serve, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=MANY[7])
    async with serve(MAIL_MAX_RECIPIENTS=5) as mail:
        receipt = await mail.send(message(recipients=MANY))

    assert [len(copy.recipients) for copy in server.messages] == [5, 4, 2]
    failed = [each.address for each in receipt.recipients if each.status is Status.FAILED]
    assert failed == [MANY[7]]


async def test_what_was_accepted_now_is_known_when_the_server_fails_later(serve, server):
    server.answer(Phase.DATA, "421 4.3.2 shutting down", nth=2)
    async with serve(MAIL_MAX_RECIPIENTS=10) as mail:
        receipt = await mail.send(message(recipients=MANY))

    assert [each.status for each in receipt.recipients] == [Status.SENT] * 10 + [Status.FAILED] * 2


async def test_an_outage_between_two_transactions_repeats_none_that_was_recorded(
    serve, server, database_url
):
    server.answer(Phase.MAIL, "421 4.3.2 shutting down", nth=2)
    async with serve(
        database_url, MAIL_MAX_RECIPIENTS=10, MAIL_MAX_EMAILS=1, MAIL_BREAKER_FIRST=60
    ) as mail:
        delivery = await mail.send_later(message(recipients=MANY))
        await mail.drain()
        between = await mail.get(delivery.id)
    async with serve(database_url, MAIL_UPGRADE="never") as mail:
        done = await mail.wait(delivery, timeout=30)

    assert [each.status for each in between.recipients[:10]] == [Status.SENT] * 10
    assert (done.status, done.attempts) == (Status.SENT, 2)
    assert [len(copy.recipients) for copy in server.messages] == [10, 2]


async def test_a_message_that_is_cancelled_in_between_goes_no_further(serve, server):
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(MAIL_MAX_RECIPIENTS=10) as mail:
        delivery = await mail.send_later(message(recipients=MANY))
        await server.reached(Phase.END_OF_DATA)
        await mail.cancel(delivery.id)
        server.resume()
        done = await mail.wait(delivery, timeout=30)

    assert done.status is Status.CANCELLED
    assert [len(copy.recipients) for copy in server.messages] == [10]


@pytest.fixture
async def slow():
    """A server that is asked one thing at a time: what comes next shows what was heard."""
    async with SMTPServer(extensions=("8BITMIME",)) as server:
        yield server


async def test_what_was_heard_before_a_stop_is_not_asked_again(serve, slow, database_url):
    slow.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
    slow.stall(Phase.DATA, times=1)
    async with serve(database_url, MAIL_PORT=slow.port) as mail:
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await slow.reached(Phase.DATA)
    async with serve(database_url, MAIL_PORT=slow.port, MAIL_UPGRADE="never") as mail:
        done = await mail.wait(delivery, timeout=30)

    eve, bob = done.recipients
    assert (eve.status, eve.code, bob.status) == (Status.FAILED, 550, Status.SENT)
    assert slow.transcript.count(f"RCPT TO:<{EVE}>") == 1


async def test_what_was_heard_before_a_stop_is_known_though_it_was_redirected(
    serve, slow, database_url
):
    slow.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="dev@example.org")
    slow.stall(Phase.DATA, times=1)
    async with serve(
        database_url,
        MAIL_PORT=slow.port,
        MAIL_REDIRECT_TO="dev@example.org",
        MAIL_ALLOWED_RECIPIENTS=BOB,
    ) as mail:
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await slow.reached(Phase.DATA)
    async with serve(database_url, MAIL_UPGRADE="never", MAIL_DISPATCH=False) as mail:
        then = await mail.get(delivery.id)

    eve, bob = then.recipients
    assert (eve.status, eve.code, bob.status) == (Status.FAILED, 550, Status.QUEUED)


async def test_what_was_heard_before_a_stop_stays_though_it_was_cancelled(
    serve, slow, database_url
):
    slow.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
    slow.stall(Phase.RCPT, recipient=BOB)
    async with serve(database_url, MAIL_PORT=slow.port) as mail:
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await until(lambda: has_asked(slow, BOB), lambda: "the second recipient asked")
        await mail.cancel(delivery.id)
    async with serve(database_url, MAIL_UPGRADE="never", MAIL_DISPATCH=False) as mail:
        done = await mail.get(delivery.id)

    eve, bob = done.recipients
    assert (eve.status, eve.code, bob.status) == (Status.FAILED, 550, Status.CANCELLED)
    assert done.is_final


async def test_what_was_heard_before_the_database_went_away_is_not_asked_again(serve, slow):
    slow.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
    slow.stall(Phase.DATA, times=1)
    async with serve(MAIL_PORT=slow.port, MAIL_ON_UNCERTAIN="hold") as mail:
        delivery = await mail.send_later(message(recipients=[EVE, BOB]))
        await slow.reached(Phase.DATA)
        await rename(mail, "mail_messages", "gone")
        slow.resume()
        await until(lambda: is_recording(mail), lambda: "a decision to be written")
        await rename(mail, "gone", "mail_messages")
        done = await mail.wait(delivery, timeout=30)

    assert [each.status for each in done.recipients] == [Status.FAILED, Status.SENT]
    assert slow.transcript.count(f"RCPT TO:<{EVE}>") == 1


async def has_asked(server, address):
    return f"RCPT TO:<{address}>" in server.transcript


async def is_recording(mail):
    return mail.worker.is_recording
