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

STEPS = ["settings", "dns", "tcp", "tls", "ehlo", "login", "sender", "recipient"]
SENDER = "ada@example.com"
LOGIN = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "correct horse"}


@pytest.fixture
def check(sqlite_url: str, ca_file: Path) -> Check:
    """What a checkup finds with these settings."""

    async def check(to: str | None = None, **settings: Any) -> list[Finding]:
        app = Quart(__name__)
        app.config.update({"DATABASE_URL": sqlite_url, "MAIL_CA_FILE": str(ca_file)})
        app.config.update({"MAIL_DEFAULT_SENDER": f"Ada <{SENDER}>"} | settings)
        findings = [finding async for finding in Mail(app).check(to)]
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


@pytest.mark.parametrize(("envelope", "said"), [("b@x.org", "b@x.org"), ("<>", "<>")])
async def test_the_way_is_walked_with_the_sender_that_the_envelope_has(check, envelope, said):
    async with SMTPServer() as server:
        findings = await check(**at(server, MAIL_ENVELOPE_FROM=envelope))

    assert [str(each.words) for each in findings[-2:]] == [
        f"{said} is accepted",
        f"{SENDER} is accepted",
    ]
    assert any(f"MAIL FROM:<{envelope.strip('<>')}>" in line for line in server.transcript)


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


async def test_the_envelope_is_tried_and_taken_back(check, server):
    found = await check(to="bob@example.com", **at(server))

    assert [finding.words for finding in found[-2:]] == [
        f"{SENDER} is accepted",
        "bob@example.com is accepted",
    ]
    assert server.transcript[1:] == [
        f"MAIL FROM:<{SENDER}>",
        "RCPT TO:<bob@example.com>",
        "RSET",
        "QUIT",
    ]


async def test_each_sender_of_the_settings_is_tried(check, server):
    await check(**at(server, FLASKY_MAIL_SENDER="Flasky <flasky@example.com>"))

    assert [line for line in server.transcript if line.startswith("MAIL")] == [
        f"MAIL FROM:<{SENDER}>",
        "MAIL FROM:<flasky@example.com>",
    ]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("530 5.7.0 Authentication required", "; set MAIL_USERNAME and MAIL_PASSWORD"),
        ("530 5.7.0 Must issue a STARTTLS command first", "; set MAIL_USE_TLS"),
        (
            "550 5.7.1 not yours",
            f"rejected the sender {SENDER} (550 5.7.1 not yours); set MAIL_DEF",
        ),
        ("451 4.3.0 later", f"defers the sender {SENDER} for now (451 4.3.0 later)"),
        ("503 5.5.1 who are you", "rejected the session (503 5.5.1 who are you); set MAIL_USERN"),
        ("523 5.7.10 Encryption needed", "; set MAIL_USE_TLS"),
        ("504 5.5.2 <box>: Helo command rejected", "; set MAIL_LOCAL_HOSTNAME"),
        ("450 4.7.25 Client host rejected", "; give this host's address a name in the DNS"),
    ],
)
async def test_a_sender_that_is_not_accepted_fails_with_the_cure(check, server, reply, words):
    server.answer(Phase.MAIL, reply)

    last = (await check(**at(server)))[-1]

    assert (last.step, last.is_ok) == ("sender", False)
    assert reply in last.words
    assert words in last.words
    assert server.transcript[-1] == "QUIT"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("530 5.7.1 Authentication required", "; set MAIL_USERNAME and MAIL_PASSWORD"),
        ("554 5.7.1 Relay access denied", "set MAIL_USERNAME and MAIL_PASSWORD if it requires"),
        ("550 5.1.1 no such user", "rejected the recipient bob@example.com (550 5.1.1"),
        ("451 4.7.1 Greylisted", "defers the recipient bob@example.com for now (451 4.7.1 Grey"),
        ("454 4.7.1 Relay access denied", "set MAIL_USERNAME and MAIL_PASSWORD if it requires"),
        ("421 4.3.2 closing", "rejected the session (421 4.3.2 closing); check again"),
        ("550 No such user here", "rejected the recipient bob@example.com (550 No such user here)"),
        ("550 sorry, no mailbox (#5.1.1)", "; check the address"),
        ("450 4.7.1 <box>: Helo command rejected: Host not found", "; set MAIL_LOCAL_HOSTNAME"),
        ("554 5.7.1 Client host rejected: Access denied", "; have its operator accept"),
        ("552 5.3.4 too big", "rejected the message before it came (552 5.3.4 too big)"),
        ("550 5.7.23 SPF validation failed", f"rejected the sender {SENDER} (550 5.7.23 SPF"),
        (
            "554 5.7.1 Sender address rejected: not yours",
            f"rejected the sender {SENDER} (554 5.7.1 Sender address rejected: not yours); set ",
        ),
    ],
)
async def test_a_recipient_that_is_not_accepted_fails_with_the_cure(check, server, reply, words):
    server.answer(Phase.RCPT, reply)

    last = (await check(to="bob@example.com", **at(server)))[-1]

    assert (last.step, last.is_ok) == ("recipient", False)
    assert reply in last.words
    assert words in last.words


async def test_a_sender_that_is_rejected_only_with_a_recipient_is_found_without_to(check, server):
    server.answer(Phase.RCPT, "550 5.1.8 Sender address rejected: Domain not found")

    last = (await check(**at(server)))[-1]

    assert (last.step, last.is_ok) == ("recipient", False)
    assert f"rejected the sender {SENDER}" in last.words


async def test_a_sender_without_a_mailbox_is_a_warning_where_nobody_asked_for_it(check, server):
    server.answer(Phase.RCPT, "550 5.1.1 User unknown")

    last = (await check(**at(server)))[-1]

    assert (last.step, last.level, last.is_ok) == ("recipient", "warning", True)
    assert f"knows no mailbox {SENDER} (550 5.1.1 User unknown)" in last.words
    assert last.words.endswith("name a recipient with --to")


async def test_without_a_sender_it_is_said_what_was_not_checked(check, server):
    last = (await check(**at(server, MAIL_DEFAULT_SENDER=None)))[-1]

    assert (last.step, last.level) == ("sender", "warning")
    assert "set MAIL_DEFAULT_SENDER" in last.words


async def test_a_recipient_is_a_sender_too_where_none_is_set(check, server):
    server.answer(Phase.MAIL, "530 5.7.0 Authentication required")

    last = (await check(to="bob@example.com", **at(server, MAIL_DEFAULT_SENDER=None)))[-1]

    assert (last.step, last.is_ok) == ("sender", False)


async def test_the_recipient_is_the_one_that_messages_are_redirected_to(check, server):
    await check(**at(server, MAIL_REDIRECT_TO="staging@example.com"))

    assert "RCPT TO:<staging@example.com>" in server.transcript


async def test_a_recipient_whose_messages_are_held_back_fails(check, server):
    staging = at(server, MAIL_ALLOWED_RECIPIENTS="@example.org")

    [last] = await check(to="bob@example.com", **staging)

    assert (last.step, last.is_ok) == ("settings", False)
    assert "MAIL_ALLOWED_RECIPIENTS" in last.words


async def test_starttls_that_is_offered_and_off_is_a_warning(check, server_context):
    async with SMTPServer(starttls=server_context) as server:
        found = await check(**at(server))

    assert (found[3].step, found[3].level) == ("tls", "warning")
    assert found[3].words.endswith("STARTTLS is offered: set MAIL_USE_TLS")


async def test_a_size_below_ours_is_a_warning_with_the_number_to_set(check):
    async with SMTPServer(size=10_240_000) as server:
        found = await check(**at(server))

    [warning] = [finding for finding in found if finding.level == "warning"]
    assert (warning.step, "set MAIL_MAX_SIZE to 10240000" in warning.words) == ("ehlo", True)


async def test_a_size_that_is_no_number_is_passed_over(check, server):
    server.answer(Phase.EHLO, "250-mail.example.com\n250-SMTPUTF8\n250 SIZE \u00b2")

    found = await check(**at(server))

    assert [(finding.step, finding.level) for finding in found] == [(step, "ok") for step in STEPS]


async def test_a_server_without_smtputf8_is_remarked_on(check):
    async with SMTPServer(extensions=["PIPELINING"]) as server:
        found = await check(**at(server))

    assert [finding.step for finding in found if finding.level == "info"] == ["ehlo"]


async def test_a_sender_in_utf8_fails_where_the_server_accepts_none(check):
    async with SMTPServer(extensions=["PIPELINING"]) as server:
        last = (await check(**at(server, MAIL_DEFAULT_SENDER="jörg@example.com")))[-1]

    assert (last.step, last.is_ok) == ("sender", False)
    assert "UTF-8" in last.words


async def test_a_sender_in_utf8_is_tried_as_it_is_sent(check, server):
    found = await check(**at(server, MAIL_DEFAULT_SENDER="jörg@example.com"))

    assert found[-1].is_ok
    assert "MAIL FROM:<jörg@example.com> SMTPUTF8" in server.transcript


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


async def test_check_says_how_many_warnings_there_are(quartapp, server_context):
    async with SMTPServer(starttls=server_context) as server:
        ended = await quartapp.run("mail", "check", **leading_to(server))

    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[-1] == "Ready to send, with 1 warning."


async def test_check_names_the_recipient_that_is_asked_for(quartapp, server):
    asked = await quartapp.run("mail", "check", "--to", "bob@example.com", **leading_to(server))
    wrong = await quartapp.run("mail", "check", "--to", "bob", **leading_to(server))

    assert (asked.exit_code, "RCPT TO:<bob@example.com>" in server.transcript) == (0, True)
    assert (wrong.exit_code, "'bob'" in wrong.stdout) == (1, True)


async def test_check_ends_with_1_where_nothing_is_sent(quartapp, server):
    ended = await quartapp.run("mail", "check", MAIL_SUPPRESS_SEND="1", **leading_to(server))

    assert ended.exit_code == 1
    assert ended.stdout.splitlines()[-1] == (
        "Ready to send, but nothing is sent: MAIL_SUPPRESS_SEND is on."
    )


async def test_check_tries_the_development_mailbox(quartapp, tmp_path):
    ended = await quartapp.run("mail", "check")

    lines = ended.stdout.splitlines()
    assert ended.exit_code == 0
    assert [line.split()[:2] for line in lines[:-1]] == [
        [step, "ok"] for step in ("settings", "sender", "recipient")
    ]
    assert str(tmp_path / "instance" / "mailbox") in lines[0]
    assert lines[-1] == "Ready for the development mailbox."
    assert not (tmp_path / "instance" / "mailbox").exists()


async def test_check_says_that_the_development_mailbox_cannot_be_written(quartapp, tmp_path):
    (tmp_path / "instance").write_text("a file")

    ended = await quartapp.run("mail", "check")

    assert ended.exit_code == 1
    assert "set QUARTAPP_INSTANCE to a folder that can be" in ended.stdout.splitlines()[-1]


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
