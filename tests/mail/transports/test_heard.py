"""An answer is kept from the moment it is heard, whatever ends the connection."""

from __future__ import annotations

import pytest

from quartapp.mail.message.encoding import Envelope
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import BreakerState, Result, ServerOutage
from tests.mail.transports.sample import ADA, BOB, TEA, TO_BOB, send

EVE, EVA = "eve@example.com", "eva@example.com"
ALL = Envelope(ADA, (EVE, BOB, EVA))
PERMANENT, TRANSIENT, ACCEPTED = Result.PERMANENT, Result.TRANSIENT, Result.ACCEPTED
NO_USER = "550 5.1.1 no such user"
LOGIN_FIRST = "530 5.7.0 log in first"


@pytest.fixture(params=[("PIPELINING",), ()], ids=["pipelined", "one by one"])
async def server(request):
    """A server that announces PIPELINING, and one that does not."""
    async with SMTPServer(extensions=request.param) as server:
        yield server


def results(outcome):
    return {address: answer.result for address, answer in outcome.answers.items()}


async def test_a_421_after_a_rejected_recipient_is_no_outage(connect, server):
    server.answer(Phase.RCPT, NO_USER, recipient=EVE)
    server.answer(Phase.RCPT, "421 4.7.0 too many errors", recipient=BOB)
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: PERMANENT}
    assert (outcome.reached, transport.breaker.outage) == (True, None)


@pytest.mark.parametrize("phase", [Phase.DATA, Phase.END_OF_DATA])
async def test_a_421_later_on_leaves_the_rejections_too(connect, server, phase):
    server.answer(Phase.RCPT, NO_USER, recipient=EVE)
    server.answer(phase, "421 4.7.0 too many errors")
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: PERMANENT}
    assert transport.breaker.outage is None


async def test_a_421_without_a_rejected_recipient_is_an_outage(connect, server):
    server.answer(Phase.RCPT, "421 4.3.2 shutting down", recipient=BOB)
    async with connect() as transport:
        with pytest.raises(ServerOutage, match="shutting down"):
            await send(transport, ALL)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.END_OF_DATA])
@pytest.mark.parametrize("ending", ["drop", "stall", "garbage"])
async def test_a_lost_connection_leaves_the_rejections(connect, server, phase, ending):
    server.answer(Phase.RCPT, NO_USER, recipient=EVE)
    getattr(server, ending)(phase, **({"recipient": EVA} if phase is Phase.RCPT else {}))
    patience = 2 if ending == "stall" else 20
    async with connect(timeout=patience, data_timeout=patience) as transport:
        outcome = await send(transport, ALL)

    lost = Result.UNCERTAIN if phase is Phase.END_OF_DATA else TRANSIENT
    assert results(outcome) == {EVE: PERMANENT, BOB: lost, EVA: lost}
    assert outcome.answers[EVE].code == 550


@pytest.mark.parametrize("ending", ["drop", "stall", "garbage"])
async def test_a_reused_connection_that_is_lost_leaves_the_rejections(connect, server, ending):
    server.answer(Phase.RCPT, NO_USER, recipient=EVE)
    getattr(server, ending)(Phase.RCPT, recipient=EVA)
    async with connect(timeout=2 if ending == "stall" else 20) as transport:
        await send(transport)
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: PERMANENT}
    assert server.transcript.count(f"RCPT TO:<{EVE}>") == 1


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.END_OF_DATA])
async def test_a_reply_about_the_session_pauses_the_server_and_leaves_the_rejections(
    connect, server, phase
):
    server.answer(Phase.RCPT, NO_USER, recipient=EVE)
    server.answer(phase, LOGIN_FIRST, **({"recipient": BOB} if phase is Phase.RCPT else {}))
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: PERMANENT}
    assert transport.breaker.state is BreakerState.OPEN
    assert "530 5.7.0 log in first" in transport.breaker.outage


async def test_a_rejection_after_a_reply_about_the_session_is_heard_too(connect, server):
    server.answer(Phase.RCPT, LOGIN_FIRST, recipient=EVE)
    server.answer(Phase.RCPT, NO_USER, recipient=EVA)
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVA: PERMANENT}
    assert transport.breaker.outage


async def test_a_reply_about_the_session_is_heard_before_the_connection_is_lost(connect, server):
    server.answer(Phase.RCPT, LOGIN_FIRST, recipient=EVE)
    server.drop(Phase.RCPT, recipient=BOB)
    async with connect() as transport:
        with pytest.raises(ServerOutage, match="log in first"):
            await send(transport, ALL)


@pytest.mark.parametrize("ending", ["421 4.7.0 too many errors", "drop"])
async def test_a_rejected_sender_is_rejected_for_all_who_were_not_asked(connect, server, ending):
    server.answer(Phase.RCPT, "550 5.1.8 no such domain", recipient=EVE)
    if ending == "drop":
        server.drop(Phase.RCPT, recipient=BOB)
    else:
        server.answer(Phase.RCPT, ending, recipient=BOB)
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == dict.fromkeys(ALL.recipients, PERMANENT)


async def test_recipients_that_are_too_many_are_left_for_the_next_transaction(connect, server):
    server.answer(Phase.RCPT, "452 4.5.3 too many recipients", recipient=EVA)
    async with connect() as transport:
        outcome = await send(transport, ALL)
        again = await send(transport, ALL)

    assert results(outcome) == {EVE: ACCEPTED, BOB: ACCEPTED}
    assert results(again) == results(outcome)
    assert server.transcript.count(f"RCPT TO:<{EVA}>") == 1


TOO_MANY = "452 4.5.3 try it in a separate transaction"


@pytest.mark.parametrize("apart", [EVE, BOB])
async def test_recipients_that_the_server_sets_apart_are_no_limit(connect, server, apart):
    server.answer(Phase.RCPT, TOO_MANY, recipient=apart, times=1)
    async with connect() as transport:
        outcome = await send(transport, ALL)
        again = await send(transport, ALL)

    assert results(outcome) == dict.fromkeys({EVE, BOB, EVA} - {apart}, ACCEPTED)
    assert results(again) == dict.fromkeys(ALL.recipients, ACCEPTED)


async def test_one_that_is_set_apart_makes_no_421_harmless(connect, server):
    server.answer(Phase.RCPT, TOO_MANY, recipient=BOB)
    server.answer(Phase.DATA, "421 4.3.2 shutting down")
    async with connect() as transport:
        with pytest.raises(ServerOutage, match="shutting down"):
            await send(transport, ALL)


async def test_a_421_for_the_number_of_recipients_is_a_limit_and_no_outage(connect, server):
    server.answer(Phase.RCPT, "421 4.5.3 too many recipients", recipient=EVA, times=1)
    async with connect() as transport:
        outcome = await send(transport, ALL)
        again = await send(transport, ALL)

    assert (results(outcome), transport.breaker.outage) == ({}, None)
    assert results(again) == {EVE: ACCEPTED, BOB: ACCEPTED}


async def test_a_421_after_a_reply_about_the_session_ends_the_transaction(connect, server):
    server.answer(Phase.RCPT, LOGIN_FIRST, recipient=EVE)
    server.answer(Phase.RCPT, "421 4.7.0 too many errors", recipient=EVA)
    async with connect() as transport:
        with pytest.raises(ServerOutage):
            await send(transport, ALL)
        transport.breaker.lift()
        await send(transport, TO_BOB, b"Subject: Another\r\n\r\n")
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: PERMANENT}


async def test_a_limit_that_the_server_announces_holds_from_the_first_message(connect):
    extensions = ("PIPELINING", "LIMITS MAILMAX=20 RCPTMAX=2")
    async with SMTPServer(extensions=extensions) as server, connect(server) as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: ACCEPTED, BOB: ACCEPTED}
    assert not any(EVA in line for line in server.transcript)


async def test_452_before_a_recipient_that_is_accepted_is_about_its_own(connect, server):
    server.answer(Phase.RCPT, "452 not now", recipient=BOB)
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: ACCEPTED, BOB: TRANSIENT, EVA: ACCEPTED}


@pytest.mark.parametrize(
    ("reply", "result"),
    [("552 5.2.2 mailbox full", PERMANENT), ("452 4.2.2 mailbox full", TRANSIENT)],
)
async def test_a_full_mailbox_is_no_limit(connect, server, reply, result):
    server.answer(Phase.RCPT, reply, recipient=EVA)
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == {EVE: ACCEPTED, BOB: ACCEPTED, EVA: result}


async def test_too_many_with_nobody_accepted_is_a_reply_like_others(connect, server):
    server.answer(Phase.RCPT, "452 4.5.3 too many recipients")
    async with connect() as transport:
        outcome = await send(transport, ALL)

    assert results(outcome) == dict.fromkeys(ALL.recipients, TRANSIENT)


async def test_a_message_has_as_many_recipients_as_the_settings_allow(connect, server):
    async with connect(max_recipients=2) as transport:
        outcome = await send(transport, ALL, TEA)

    assert [*outcome.answers] == [EVE, BOB]
