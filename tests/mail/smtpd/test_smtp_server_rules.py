"""When a rule of the test server applies."""

from __future__ import annotations

import aiosmtplib
import pytest

from quartapp.mail.smtpd.commands import Refusal, path
from quartapp.mail.smtpd.script import Respond, Script
from quartapp.mail.testing import Phase, SMTPServer


def replies(script: Script, count: int, recipient: str = "") -> list[str]:
    """What the script says to so many recipients, one after the other."""
    return [script.at(Phase.RCPT, "250", recipient).reply for _ in range(count)]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, ["451", "451", "451", "451"]),
        ({"times": 1}, ["451", "250", "250", "250"]),
        ({"times": 2}, ["451", "451", "250", "250"]),
        ({"nth": 3}, ["250", "250", "451", "250"]),
        ({"nth": 2, "times": 2}, ["250", "451", "451", "250"]),
        ({"recipient": "Bob@example.com"}, ["451", "451", "451", "451"]),
        ({"recipient": "eve@example.com"}, ["250", "250", "250", "250"]),
    ],
)
def test_a_rule_applies_as_often_as_its_times(when: dict[str, int], expected: list[str]) -> None:
    script = Script()

    script.add(Phase.RCPT, Respond("451"), when)

    assert replies(script, 4, "bob@EXAMPLE.com") == expected


def test_rules_that_are_used_up_step_aside_for_the_next() -> None:
    script = Script()

    script.add(Phase.RCPT, Respond("451"), {"times": 1})
    script.add(Phase.RCPT, Respond("452"), {"times": 1})
    script.add(Phase.RCPT, Respond("550"), {})

    assert replies(script, 4) == ["451", "452", "550", "550"]


def test_a_rule_counts_only_its_own_recipient() -> None:
    script = Script()

    script.add(Phase.RCPT, Respond("451"), {"recipient": "bob@example.com", "nth": 2})

    assert replies(script, 2, "ada@example.com") == ["250", "250"]
    assert replies(script, 2, "bob@example.com") == ["250", "451"]


async def test_a_cleared_server_behaves(server: SMTPServer) -> None:
    server.drop(Phase.MAIL)
    server.clear()

    await send(server)

    assert len(server.messages) == 1


async def test_one_recipient_of_three_is_rejected(server: SMTPServer) -> None:
    server.answer("RCPT", "550 5.1.1 no such user", recipient="bob@example.com")

    refused, _ = await send(server, "ada@example.com", "bob@example.com", "eve@example.com")

    assert {address: answer.code for address, answer in refused.items()} == {"bob@example.com": 550}
    assert server.messages[0].recipients == ("ada@example.com", "eve@example.com")


@pytest.mark.parametrize(
    ("phase", "reply", "when", "complaint"),
    [
        ("RCTP", "550 no", {}, "there is no phase 'RCTP': it is one of CONNECT, GREETING"),
        ("RCPT", "no", {}, "'no' at RCPT does not begin with three digits"),
        ("MAIL", "550 no", {"recipient": "a@b.c"}, "recipient= is for RCPT, not for MAIL"),
        ("MAIL", "550 no", {"nth": 0}, "nth= and times= at MAIL count from 1"),
        ("MAIL", "550 no", {"times": 0}, "nth= and times= at MAIL count from 1"),
    ],
)
def test_an_inconsistent_rule_is_an_error(
    phase: str, reply: str, when: dict[str, int], complaint: str
) -> None:
    server = SMTPServer()

    with pytest.raises(ValueError, match=complaint):
        server.answer(phase, reply, **when)


def test_only_the_end_of_data_can_take_a_message_or_not() -> None:
    server = SMTPServer()

    with pytest.raises(ValueError, match="accepted= is for END_OF_DATA, not for MAIL"):
        server.drop(Phase.MAIL, accepted=False)


async def send(server: SMTPServer, *recipients: str) -> tuple[dict[str, object], str]:
    return await aiosmtplib.send(
        b"Subject: Tea\r\n\r\n",
        sender="ada@example.com",
        recipients=recipients or ["bob@example.com"],
        hostname=server.host,
        port=server.port,
    )


@pytest.mark.parametrize("size", ["\u00b2", "\u0663", "9" * 5000, "-1"])
def test_a_size_that_is_no_number_is_refused(size):
    with pytest.raises(Refusal, match="501"):
        _ = path("MAIL", f"FROM:<ada@example.com> SIZE={size}").size
