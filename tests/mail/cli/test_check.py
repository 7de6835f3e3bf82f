"""`quartapp mail check` and `quartapp mail test`: each step that can fail, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from quart import Quart

from quartapp.mail import Mail
from quartapp.mail.testing import Phase, SMTPServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import trustme

    from quartapp.mail.transports.smtp.checkup import Finding

    Check = Callable[..., Awaitable[list[Finding]]]

STEPS = ["settings", "dns", "tcp", "tls", "ehlo", "login"]
LOGIN = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "correct horse"}


@pytest.fixture
def check(sqlite_url: str, ca_file: Path) -> Check:
    """What a checkup finds with these settings."""

    async def check(**settings: Any) -> list[Finding]:
        app = Quart(__name__)
        app.config.update({"DATABASE_URL": sqlite_url, "MAIL_CA_FILE": str(ca_file)} | settings)
        findings = [finding async for finding in Mail(app).check()]
        await app.extensions["mail"].outbox.database.dispose()
        return findings

    return check


def at(server: SMTPServer, **settings: Any) -> dict[str, Any]:
    """Settings that lead to a server, by the name that its certificate has."""
    return {"MAIL_SERVER": "localhost", "MAIL_PORT": server.port, **settings}


def context(authority: trustme.CA, *names: str, **dates: datetime) -> ssl.SSLContext:
    """What a server shows whose certificate has these names and dates."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **dates).configure_cert(shown)
    return shown


async def test_a_way_that_is_open_is_told_step_by_step(check, server_context):
    users = {"ada": "correct horse"}
    async with SMTPServer(starttls=server_context, users=users) as server:
        found = await check(**at(server, MAIL_USE_TLS=True, **LOGIN))

    assert [(finding.step, finding.is_ok) for finding in found] == [(step, True) for step in STEPS]
    assert "certificate for localhost, 127.0.0.1, " in found[3].words
    assert ", valid until 3000-01-01 (" in found[3].words
    assert "AUTH PLAIN LOGIN" in found[4].words
    assert (server.transcript[-1], server.messages) == ("QUIT", [])


async def test_tls_from_the_start_is_told_as_well(check, server_context):
    async with SMTPServer(tls=server_context) as server:
        found = await check(**at(server, MAIL_USE_SSL=True))

    assert [finding.step for finding in found] == STEPS
    assert found[3].words.startswith("TLSv1.3, certificate for localhost")


async def test_without_tls_and_login_the_steps_are_told_and_pass(check, server):
    found = await check(**at(server))

    assert [(finding.step, finding.is_ok) for finding in found] == [(step, True) for step in STEPS]
    assert found[3].words == "off: the connection is not encrypted"


async def test_a_name_without_an_address_fails_at_dns(check):
    last = (await check(MAIL_SERVER="mail.example.invalid"))[-1]

    assert (last.step, last.is_ok) == ("dns", False)
    assert "has no address" in last.words
    assert last.words.endswith("check MAIL_SERVER")


async def test_a_closed_port_fails_at_tcp(check, server):
    await server.stop()

    last = (await check(**at(server)))[-1]

    assert (last.step, last.is_ok) == ("tcp", False)
    assert "refused the connection; check MAIL_SERVER and MAIL_PORT" in last.words


async def test_a_server_without_starttls_fails_at_tls(check, server):
    last = (await check(**at(server, MAIL_USE_TLS=True)))[-1]

    assert (last.step, last.is_ok) == ("tls", False)
    assert "does not offer STARTTLS; check MAIL_PORT" in last.words


async def test_a_server_that_wants_starttls_is_told_from_one_with_tls(check, server):
    last = (await check(**at(server, MAIL_USE_SSL=True)))[-1]

    assert (last.step, last.is_ok) == ("tls", False)
    assert "set MAIL_USE_TLS instead of MAIL_USE_SSL" in last.words


@pytest.mark.parametrize("how", ["MAIL_USE_TLS", "MAIL_USE_SSL"])
async def test_an_unknown_authority_fails_at_tls(check, server_context, wrong_ca_file, how):
    place = "starttls" if how == "MAIL_USE_TLS" else "tls"
    async with SMTPServer(**{place: server_context}) as server:
        last = (await check(**at(server) | {how: True, "MAIL_CA_FILE": str(wrong_ca_file)}))[-1]

    assert (last.step, last.is_ok) == ("tls", False)
    assert "set MAIL_CA_FILE to the authority that signed it" in last.words


async def test_an_expired_certificate_fails_at_tls_and_says_since_when(check, authority):
    end = datetime.now(UTC) - timedelta(days=3)
    expired = context(authority, "localhost", not_after=end)
    async with SMTPServer(starttls=expired) as server:
        last = (await check(**at(server, MAIL_USE_TLS=True)))[-1]

    assert (last.step, last.is_ok) == ("tls", False)
    assert "has expired; have it renewed" in last.words
    assert f"expired on {end:%Y-%m-%d}" in last.words


async def test_a_certificate_that_ends_soon_is_remarked_on(check, authority):
    ends = context(authority, "localhost", not_after=datetime.now(UTC) + timedelta(days=5, hours=1))
    async with SMTPServer(tls=ends) as server:
        found = await check(**at(server, MAIL_USE_SSL=True))

    assert found[3].is_ok
    assert found[3].words.endswith("(5 days: renew it soon)")


async def test_a_certificate_for_another_name_fails_at_tls_and_says_which(check, authority):
    async with SMTPServer(starttls=context(authority, "mail.example.com")) as server:
        last = (await check(**at(server, MAIL_USE_TLS=True)))[-1]

    assert (last.step, last.is_ok) == ("tls", False)
    assert "set MAIL_SERVER to one of its names" in last.words
    assert "certificate for mail.example.com" in last.words


async def test_a_certificate_that_need_not_be_valid_is_not(check, authority):
    async with SMTPServer(starttls=context(authority, "mail.example.com")) as server:
        found = await check(**at(server, MAIL_USE_TLS=True, MAIL_VALIDATE_CERTS=False))

    assert [finding.step for finding in found] == STEPS
    assert found[3].words == "TLSv1.3, its certificate was not verified"


async def test_a_wrong_password_fails_at_login_once_and_is_not_told(check, server_context):
    users = {"ada": "another"}
    async with SMTPServer(starttls=server_context, users=users) as server:
        found = await check(**at(server, MAIL_USE_TLS=True, **LOGIN))

    assert (found[-1].step, found[-1].is_ok) == ("login", False)
    assert "535 5.7.8 Wrong user name or password" in found[-1].words
    assert len(server.logins) == 1
    assert not any("correct horse" in finding.words for finding in found)


@pytest.mark.parametrize("how", [{}, {"MAIL_USE_TLS": True}])
async def test_a_greeting_that_is_no_welcome_fails_at_ehlo(check, server, how):
    server.answer(Phase.GREETING, "554 5.7.1 your network is blocked")

    last = (await check(**at(server, **how)))[-1]

    assert (last.step, last.is_ok) == ("ehlo", False)
    assert "554 5.7.1 your network is blocked; check MAIL_SERVER" in last.words


async def test_a_server_that_says_nothing_fails_at_ehlo_within_the_timeout(check, server):
    server.stall(Phase.GREETING)

    last = (await check(**at(server, MAIL_TIMEOUT=1)))[-1]

    assert (last.step, last.is_ok) == ("ehlo", False)
    assert "did not reply within 1 s" in last.words
    assert "MAIL_USE_SSL" in last.words


def leading_to(server: SMTPServer) -> dict[str, str]:
    """The same as environment variables."""
    return {"MAIL_SERVER": "localhost", "MAIL_PORT": str(server.port)}


async def test_check_as_a_process_tells_each_step_and_ends_with_0(call, server):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "check", **leading_to(server))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split()[:2] for line in ended.stdout.splitlines()[:-1]] == [
        [step, "ok"] for step in STEPS
    ]


async def test_check_says_in_a_sentence_what_failed_and_ends_with_1(quartapp, server):
    server.answer(Phase.GREETING, "554 no \x1b[31mred\x1b[0m messages")

    ended = await quartapp.run("mail", "check", **leading_to(server))

    assert ended.exit_code == 1
    assert ended.stdout.splitlines()[-2].split() == ["ehlo", "failed"]
    assert ended.stdout.splitlines()[-1].startswith("The ehlo step failed: localhost:")
    assert "\x1b" not in ended.stdout


async def test_check_tells_programs_in_json(quartapp):
    ended = await quartapp.run("mail", "check", "--json", MAIL_SERVER="mail.example.invalid")

    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["ok"]) == (1, False)
    assert [step["ok"] for step in told["steps"]] == [True, False]
    assert told["sentence"].startswith("The dns step failed: ")


async def test_check_counts_settings_that_cannot_be_used_as_a_step(quartapp):
    ended = await quartapp.run("mail", "check", MAIL_USE_TLS="1", MAIL_USE_SSL="1")

    assert ended.exit_code == 1
    assert ended.stdout.splitlines()[0].split() == ["settings", "failed"]
    assert "exclude each other" in ended.stdout


async def test_check_knows_that_the_development_mailbox_needs_no_server(quartapp):
    ended = await quartapp.run("mail", "check")

    assert ended.exit_code == 0
    assert "development mailbox" in ended.stdout


async def test_test_as_a_process_sends_a_message_and_says_what_the_server_answered(call, server):
    server.answer(Phase.END_OF_DATA, "250 2.0.0 queued as \x1b[31m4711")

    ended = await asyncio.to_thread(
        call, "quartapp", "mail", "test", "bob@example.com", **leading_to(server)
    )

    [message] = await server.received(1)
    assert (ended.returncode, message.recipients) == (0, ("bob@example.com",))
    assert "accepted the message for bob@example.com: 250 2.0.0 queued as" in ended.stdout
    assert "\x1b" not in ended.stdout


async def test_test_says_why_the_server_refused(quartapp, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    ended = await quartapp.run("mail", "test", "bob@example.com", **leading_to(server))

    assert ended.exit_code == 1
    assert ended.output == ("The message was not sent: bob@example.com: 550 5.1.1 no such user\n")


async def test_test_says_in_one_sentence_that_there_is_no_server(quartapp, server):
    await server.stop()

    ended = await quartapp.run("mail", "test", "bob@example.com", **leading_to(server))

    assert ended.exit_code == 1
    assert ended.output.startswith("The message was not sent: localhost:")
    assert ended.output.count("\n") == 1


async def test_test_leaves_the_log_as_it_was(quartapp, server):
    before = logging.getLogger("quartapp.mail.transports.pauses").level

    await quartapp.run("mail", "test", "bob@example.com", **leading_to(server))

    assert logging.getLogger("quartapp.mail.transports.pauses").level == before


async def test_test_delivers_to_the_development_mailbox_by_itself(quartapp, tmp_path):
    ended = await quartapp.run("mail", "test", "bob@example.com")

    [stored] = (tmp_path / "instance" / "mailbox" / "new").iterdir()
    assert (ended.exit_code, "Test message" in stored.read_text()) == (0, True)
    assert ended.stdout.startswith(
        "The development mailbox accepted the message for bob@example.com"
    )


async def test_test_refuses_what_is_no_address(quartapp):
    ended = await quartapp.run("mail", "test", "bob")

    assert ended.exit_code == 1
    assert ended.output.count("\n") == 1
    assert "'bob'" in ended.output


async def test_test_says_when_messages_are_suppressed(quartapp):
    ended = await quartapp.run("mail", "test", "bob@example.com", MAIL_SUPPRESS_SEND="1")

    assert (ended.exit_code, ended.output) == (
        1,
        "Nothing was sent: MAIL_SUPPRESS_SEND is on.\n",
    )
