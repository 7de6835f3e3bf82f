"""What is promised to requests, to whoever stops the process, and to everybody else: 6 to 8."""

from __future__ import annotations

import asyncio
import base64

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.mail import BadHeaderError, Message, Status
from quartapp.mail.delivery.dispatcher import GATHER
from quartapp.mail.delivery.sender import SMALL
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.waiting import until

NEVER = {"QUARTAPP_DISPATCH": False}
"""A service that queues and reads, and does not deliver."""


async def test_6_queueing_a_message_never_waits_for_smtp(serve, server, migrated_url):
    server.stall(Phase.GREETING)
    async with serve(migrated_url, MAIL_DRAIN_TIMEOUT=0.1) as mail:
        await mail.send_later(message())
        await server.reached(Phase.GREETING)

        async with asyncio.timeout(30):
            queued = [await mail.send_later(message()) for _ in range(20)]

    assert {delivery.status for delivery in queued} == {Status.QUEUED}


async def test_6_bytes_are_loaded_when_a_connection_is_held(serve, server, migrated_url):
    large = message(body="far more than is worth loading ahead " * (SMALL // 32))
    server.stall(Phase.MAIL)
    loaded = []
    async with serve(migrated_url, MAIL_CONNECTIONS=1, MAIL_DRAIN_TIMEOUT=0.1) as mail:
        for engine in mail.outbox.database.engines:
            event.listen(
                engine.sync_engine,
                "before_cursor_execute",
                lambda *say: loaded.append("FROM mail_contents" in say[2]),
            )
        for _ in range(5):
            await mail.send_later(large)
        await server.reached(Phase.MAIL)
        await until(lambda: has_claimed(mail, 5), lambda: "five claims")

        assert loaded.count(True) == 1


async def has_claimed(mail, count):
    return (await mail.stats())["sending"] == count


async def test_6_a_message_without_a_notification_is_found(serve, server, migrated_url):
    async with serve(migrated_url) as mail:
        await mail.drain()
        async with (
            mail.outbox.database.writer.begin() as outer,
            AsyncSession(outer, join_transaction_mode="create_savepoint") as session,
        ):
            queued = await mail.send_later(message(), session=session)
            await session.commit()
            await until(lambda: has_looked(mail), lambda: "a look that comes too early")
            await mail.drain()

        await until(lambda: is_sent(mail, queued), lambda: "the message sent")

    assert len(server.messages) == 1


async def has_looked(mail):
    return not mail.worker._dispatcher._woken.is_set()


async def is_sent(mail, delivery):
    return (await mail.get(delivery.id)).status is Status.SENT


async def test_7_shutdown_claims_nothing_more(serve, server, migrated_url):
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, **NEVER) as keeper:
        async with serve(migrated_url) as mail:
            await mail.send_later(message())
            await server.reached(Phase.END_OF_DATA)
            stopping = asyncio.create_task(mail.worker._stop())
            await until(lambda: is_stopping(mail), lambda: "the stop")
            late = await keeper.send_later(message())
            mail.worker.wake()
            # As long as it would go on looking if it did not know of the stop.
            seen = {(await keeper.get(late.id)).status for _ in range(20)}
            await asyncio.sleep(2 * GATHER)
            seen |= {(await keeper.get(late.id)).status for _ in range(20)}
            server.resume()
            await stopping

        assert seen == {Status.QUEUED}
        assert len(server.messages) == 1


async def is_stopping(mail):
    return mail.worker._dispatcher._stopping.is_set()


async def test_7_shutdown_raises_nothing_though_the_database_is_away(
    serve, server, postgres, postgres_url
):
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(postgres_url, MAIL_LEASE=0.5, MAIL_DRAIN_TIMEOUT=0.1) as mail:
        queued = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)
        await asyncio.to_thread(postgres.kill)
    await asyncio.to_thread(postgres.start)

    async with serve(postgres_url) as mail:
        done = await mail.wait(queued, timeout=30)

    first, second = server.messages
    assert (done.status, first.content) == (Status.SENT, second.content)


async def test_7_shutdown_gives_back_what_is_before_its_end_of_data(serve, server, migrated_url):
    server.stall(Phase.DATA)
    async with serve(migrated_url) as mail:
        delivery = await mail.send_later(message())
        await server.reached(Phase.DATA)

    async with serve(migrated_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, after.attempts, server.messages) == (Status.QUEUED, 0, [])
    assert after.due_at is not None


async def test_7_shutdown_waits_for_the_answer_to_a_dot(serve, server, migrated_url):
    server.delay(Phase.END_OF_DATA, 0.5)
    async with serve(migrated_url) as mail:
        delivery = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)

    async with serve(migrated_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, len(server.messages)) == (Status.SENT, 1)


async def test_7_shutdown_leaves_what_was_not_answered_uncertain(serve, server, migrated_url):
    server.stall(Phase.END_OF_DATA)
    async with serve(migrated_url, MAIL_DRAIN_TIMEOUT=0.2) as mail:
        delivery = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)

    async with serve(migrated_url, **NEVER) as mail:
        after = await mail.get(delivery.id)
    assert (after.status, after.attempts) == (Status.UNCERTAIN, 1)


@pytest.mark.parametrize(
    "field",
    [
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"recipients": ["ada@example.com\r\nBcc: eve@example.com"]},
        {"cc": ["ada@example.com\nX: y"]},
        {"reply_to": "ada@example.com\r\nX: y"},
        {"sender": "ada@example.com\r\nX: y"},
        {"extra_headers": {"X-A": "b\r\nBcc: eve@example.com"}},
        {"extra_headers": {"X-A\r\nBcc": "eve@example.com"}},
        {"mail_options": ["SIZE=1\r\nRCPT TO:<eve@example.com>"]},
    ],
    ids=lambda field: next(iter(field)),
)
def test_8_a_message_cannot_carry_injected_headers(field):
    with pytest.raises(BadHeaderError):
        Message(**{"recipients": ["ada@example.com"], **field})


def test_8_an_attachment_cannot_either():
    with pytest.raises(BadHeaderError):
        message().attach("notes.txt\r\nX: y", "text/plain", "notes")


async def test_8_a_server_without_a_trusted_certificate_gets_nothing(
    serve, server_context, wrong_ca_file
):
    async with SMTPServer(starttls=server_context, users={"ada": "secret"}) as strange:
        there = {"MAIL_SERVER": "localhost", "MAIL_PORT": strange.port}
        login = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "secret"}
        async with serve(
            **there, **login, MAIL_USE_TLS=True, MAIL_CA_FILE=str(wrong_ca_file)
        ) as mail:
            queued = await mail.send_later(message())
            await mail.drain()
            waiting = await mail.get(queued.id)

    assert (waiting.status, strange.messages, strange.logins) == (Status.QUEUED, [], [])
    assert "certificate that is not trusted" in waiting.detail


@pytest.mark.parametrize("password", ["swordfish", "a wrong one"])
async def test_8_no_password_is_shown_anywhere(serve, caplog, password):
    caplog.set_level("DEBUG")
    coded = base64.b64encode(f"\0ada\0{password}".encode()).decode()
    async with SMTPServer(users={"ada": "swordfish"}) as server:
        login = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": password}
        async with serve(MAIL_PORT=server.port, MAIL_DEBUG=True, **login) as mail:
            queued = await mail.send_later(message())
            await mail.drain()
            told = f"{caplog.text} {mail!r} {mail.settings!r} {await mail.get(queued.id)!r}"

    assert [attempt.succeeded for attempt in server.logins] == [password == "swordfish"]
    assert queued.id in told
    assert not [words for words in (password, coded) if words in told]
