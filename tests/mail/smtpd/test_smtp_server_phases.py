"""Each phase and behaviour of the test server arrives at a real client as it was meant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.testing import Phase, SMTPServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mail.smtpd.conftest import Converse, Talk

every_phase = pytest.mark.parametrize("phase", list(Phase))

# At NEXT nobody has asked: whether a client notices is chance, so there is a test of its own.
every_question = pytest.mark.parametrize("phase", [each for each in Phase if each != Phase.NEXT])

AFTER_THE_DOT = {Phase.NEXT, Phase.RSET, Phase.QUIT}
TAKEN = {Phase.END_OF_DATA, *AFTER_THE_DOT}
DICTATION = ("EHLO laptop", "MAIL FROM:<ada@example.com>", "RCPT TO:<bob@example.com>", "DATA")
LOST_WORDS = {Phase.AUTH}
"""Where aiosmtplib tries another mechanism on the closed connection and forgets the 421."""


async def test_a_server_without_a_script_takes_the_message(
    strict: SMTPServer, converse: Converse
) -> None:
    came = await converse(strict)

    assert came == "done"
    assert len(strict.messages) == 1


@every_question
async def test_a_4xx_is_heard_at_each_phase(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.answer(phase, "451 4.3.0 later")

    came = await converse(strict)

    assert came == "451"
    assert len(strict.messages) == (phase in AFTER_THE_DOT)


@every_question
async def test_a_5xx_is_heard_at_each_phase(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.answer(phase, "554-5.0.0 never\n554 5.0.0 and that is final")

    came = await converse(strict)

    assert came == "554"
    assert len(strict.messages) == (phase in AFTER_THE_DOT)


@every_question
async def test_a_421_is_heard_at_each_phase_and_closes_the_connection(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.answer(phase, "421 4.3.2 closing")

    came = await converse(strict)

    assert came == ("gone" if phase in LOST_WORDS else "421")
    assert len(strict.messages) == (phase in AFTER_THE_DOT)


@every_phase
async def test_a_drop_is_seen_at_each_phase(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.drop(phase)

    came = await converse(strict)

    assert came == "gone"
    assert len(strict.messages) == (phase in TAKEN)


@every_question
async def test_garbage_is_seen_at_each_phase(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.garbage(phase)

    came = await converse(strict)

    assert came == "garbage"
    assert len(strict.messages) == (phase in TAKEN)


@every_phase
async def test_a_stall_lasts_at_each_phase_until_resumed(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.stall(phase)

    conversation = asyncio.create_task(converse(strict))
    await strict.reached(phase)
    early = conversation.done()
    strict.clear()
    strict.resume()

    assert (early, await conversation) == (False, "done")
    assert len(strict.messages) == 1


@every_phase
async def test_a_stall_ends_at_each_phase_when_the_server_stops(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.stall(phase)

    conversation = asyncio.create_task(converse(strict))
    await strict.reached(phase)
    await strict.stop()

    assert await conversation == "gone"
    assert len(strict.messages) == (phase in TAKEN)


@every_phase
async def test_a_delay_at_each_phase_changes_nothing_but_the_time(
    strict: SMTPServer, converse: Converse, phase: Phase
) -> None:
    strict.delay(phase, 0.001)

    came = await converse(strict)

    assert came == "done"
    assert len(strict.messages) == 1


@pytest.mark.parametrize(
    ("misbehave", "said"),
    [
        (lambda server: server.answer(Phase.NEXT, "421 4.4.2 idle"), ["421 4.4.2 idle"]),
        (lambda server: server.garbage(Phase.NEXT), ["\udcff\udcfe\x07?! this is no SMTP reply"]),
        (lambda server: server.drop(Phase.NEXT), []),
    ],
)
async def test_a_reply_between_messages_comes_unasked(
    server: SMTPServer,
    talk: Talk,
    misbehave: Callable[[SMTPServer], None],
    said: list[str],
) -> None:
    misbehave(server)

    heard = await talk(server, *DICTATION, "Dear Bob", ".")

    assert heard[-1 - len(said) :] == ["250 2.0.0 Ok", *said]


@pytest.mark.parametrize("behaviour", [SMTPServer.drop, SMTPServer.garbage, SMTPServer.stall])
@pytest.mark.parametrize("accepted", [True, False])
async def test_a_message_is_accepted_before_a_fault_at_its_end_of_data_or_is_not(
    strict: SMTPServer, converse: Converse, behaviour: object, accepted: bool
) -> None:
    behaviour(strict, Phase.END_OF_DATA, accepted=accepted)

    conversation = asyncio.create_task(converse(strict))
    await strict.reached(Phase.END_OF_DATA)
    await strict.stop()
    await conversation

    assert len(strict.messages) == accepted


async def test_a_message_is_accepted_late_when_its_end_of_data_is_resumed(
    strict: SMTPServer, converse: Converse
) -> None:
    strict.stall(Phase.END_OF_DATA, accepted=False)

    conversation = asyncio.create_task(converse(strict))
    await strict.reached(Phase.END_OF_DATA)
    before = len(strict.messages)
    strict.resume()

    assert (before, await conversation, len(strict.messages)) == (0, "done", 1)


async def test_a_refusal_can_be_slow(strict: SMTPServer, converse: Converse) -> None:
    strict.delay(Phase.MAIL, 3600)
    strict.answer(Phase.MAIL, "550 5.7.1 not you")

    conversation = asyncio.create_task(converse(strict))
    await strict.reached(Phase.MAIL)
    strict.resume()

    assert await conversation == "550"


async def test_a_client_that_leaves_a_stall_is_seen_to_go(
    strict: SMTPServer, converse: Converse
) -> None:
    strict.stall(Phase.MAIL)
    conversation = asyncio.create_task(converse(strict))
    await strict.reached(Phase.MAIL)

    conversation.cancel()

    await strict.idle()
    assert strict.open_connections == 0
