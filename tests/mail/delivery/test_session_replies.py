"""Replies about the session: they pause the server, and one message alone does not."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message

REPLIES = [
    "530 5.7.0 Must issue a STARTTLS command first",
    "538 5.7.11 Encryption required",
    "503 5.5.1 Out of order",
    "454 4.7.0 Temporary authentication failure",
    "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname",
]
PHASES = [Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.END_OF_DATA]
LOGIN = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "secret"}
POISON = "poison@example.com"


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("reply", REPLIES)
async def test_a_reply_about_the_session_is_an_outage_at_every_phase(serve, server, phase, reply):
    server.answer(phase, reply)
    async with serve(MAIL_BREAKER_FIRST=60) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()
        now = await mail.get(delivery.id)
        outage = mail.worker.outage

    assert (now.status, now.attempts) == (Status.QUEUED, 0)
    assert reply in outage


async def test_a_reply_about_the_session_costs_no_attempt_however_often(serve, server):
    server.answer(Phase.RCPT, REPLIES[0], times=4)
    fast = {"MAIL_BREAKER_FIRST": 0.01, "MAIL_BREAKER_MAX": 0.01, "MAIL_RETRY_FIRST": 0.01}
    async with serve(**fast) as mail:
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, done.attempts) == (Status.SENT, 1)


@pytest.fixture
async def private():
    """A server that asks for a login."""
    async with SMTPServer(users={"ada": "secret"}) as server:
        yield server


@pytest.mark.parametrize("phase", PHASES)
async def test_after_a_login_the_first_message_counts_and_the_second_pauses(serve, private, phase):
    private.answer(phase, "530 5.7.0 Authentication required")
    async with serve(MAIL_PORT=private.port, MAIL_BREAKER_FIRST=60, **LOGIN) as mail:
        first = await mail.wait(await mail.send_later(message()), timeout=30)
        is_blocked = mail.worker.is_blocked
        second = await mail.send_later(message())
        await mail.drain()
        then = await mail.get(second.id)
        outage = mail.worker.outage

    assert (first.status, first.attempts, is_blocked) == (Status.FAILED, 1, False)
    assert (then.status, then.attempts) == (Status.QUEUED, 0)
    assert "530 5.7.0 Authentication required" in outage


async def test_after_a_login_a_message_reaches_an_end_though_it_pauses_the_server(serve, private):
    private.answer(Phase.RCPT, "530 5.7.0 not this one")
    fast = {"MAIL_BREAKER_FIRST": 0.01, "MAIL_BREAKER_MAX": 0.01, "MAIL_GIVE_UP": 0.01}
    async with serve(MAIL_PORT=private.port, **fast, **LOGIN) as mail:
        await mail.wait(await mail.send_later(message()), timeout=30)
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, done.attempts) == (Status.FAILED, 1)
    assert "given up: the server rejected RCPT TO: 530" in done.detail


async def test_after_a_login_one_message_never_stops_the_rest(serve, private, caplog):
    private.answer(Phase.RCPT, "454 4.7.0 cannot log you in", recipient=POISON)
    async with serve(MAIL_PORT=private.port, MAIL_RETRY_FIRST=0.01, **LOGIN) as mail:
        poison = await mail.send_later(message(recipients=[POISON]))
        while (stuck := await mail.get(poison.id)).attempts < 3:
            await mail.wait(await mail.send_later(message()), timeout=30)
        await mail.publisher.settle(30)

    assert stuck.status is not Status.SENT
    assert "delivery paused" not in caplog.text


async def test_without_a_login_one_message_reaches_an_end_while_others_pass(serve, server):
    server.answer(Phase.RCPT, "530 5.7.0 not this one", recipient=POISON)
    async with serve(MAIL_BREAKER_FIRST=0.01, MAIL_BREAKER_MAX=0.02) as mail:
        poison = await mail.send_later(message(recipients=[POISON]))
        while not (now := await mail.get(poison.id)).is_final:
            await mail.wait(await mail.send_later(message()), timeout=30)

    assert (now.status, now.attempts) == (Status.FAILED, 1)
