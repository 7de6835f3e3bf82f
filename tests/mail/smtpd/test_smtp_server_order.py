"""The test server enforces the order and the limits of SMTP as real ones do."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.testing import SMTPServer

if TYPE_CHECKING:
    import ssl

    from tests.mail.smtpd.conftest import Talk

EHLO = "EHLO laptop"
MAIL = "MAIL FROM:<ada@example.com>"
RCPT = "RCPT TO:<bob@example.com>"


def codes(said: list[str]) -> str:
    """The codes of all replies after the greeting, a reply of many lines being one."""
    return " ".join(line[:3] for line in said[1:] if line[3:4] != "-")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ([EHLO, MAIL, RCPT, "DATA", "Dear Bob", ".", "QUIT"], "250 250 250 354 250 221"),
        (["HELO laptop", MAIL, RCPT, "RSET", "NOOP", "QUIT"], "250 250 250 250 250 221"),
        (
            ["ehlo laptop", "mail from:<a@b.c>", "rcpt to:<b@b.c>", "data", "."],
            "250 250 250 354 250",
        ),
        ([MAIL], "503"),
        ([EHLO, RCPT], "250 503"),
        ([EHLO, "DATA"], "250 503"),
        ([EHLO, MAIL, "DATA"], "250 250 503"),
        ([EHLO, MAIL, MAIL], "250 250 503"),
        ([EHLO, MAIL, "RSET", RCPT], "250 250 250 503"),
        ([EHLO, MAIL, EHLO, RCPT], "250 250 250 503"),
        ([EHLO, "MAIL FROM:<>", RCPT], "250 250 250"),
        ([EHLO, "MAIL FROM: <ada@example.com> BODY=8BITMIME size=10"], "250 250"),
        ([EHLO, "MAIL FROM:ada@example.com"], "250 501"),
        ([EHLO, MAIL, "RCPT TO:<>"], "250 250 501"),
        ([EHLO, MAIL + " SIZE=33554433"], "250 552"),
        ([EHLO, MAIL + " SIZE=much"], "250 501"),
        ([EHLO, MAIL + " RET=HDRS"], "250 555"),
        ([EHLO, MAIL, RCPT + " NOTIFY=NEVER"], "250 250 555"),
        ([EHLO, "MAIL FROM:<zoë@example.com>"], "250 553"),
        ([EHLO, MAIL, "RCPT TO:<zoë@example.com>"], "250 250 553"),
        ([EHLO, MAIL + " SMTPUTF8", "RCPT TO:<zoë@example.com>"], "250 250 250"),
        ([EHLO, "STARTTLS"], "250 502"),
        ([EHLO, "AUTH PLAIN AGFkYQBzZWNyZXQ="], "250 502"),
        ([EHLO, "BDAT 5 LAST", b"\xff\xfe", ""], "250 500 500 500"),
        ([EHLO, b"x" * 20_000], "250 500"),
    ],
)
async def test_commands_sent_at_once_are_answered_in_order(
    server: SMTPServer, talk: Talk, said: list[str], answered: str
) -> None:
    heard = await talk(server, *said)

    assert codes(heard) == answered


async def test_a_server_that_does_not_welcome_hears_only_quit(
    server: SMTPServer, talk: Talk
) -> None:
    server.answer("GREETING", "554 5.3.2 no service")

    heard = await talk(server, EHLO, "QUIT")

    assert [line[:3] for line in heard] == ["554", "503", "221"]


async def test_extensions_are_offered_as_given(talk: Talk) -> None:
    async with SMTPServer(extensions=["DSN"], size=1000, users={}) as server:
        heard = await talk(server, EHLO, "AUTH LOGIN =", "QUIT")

    assert heard[1:5] == [
        "250-mail.example.com",
        "250-DSN",
        "250-SIZE 1000",
        "250 AUTH PLAIN LOGIN",
    ]


async def test_dsn_parameters_are_accepted_where_dsn_is_offered(talk: Talk) -> None:
    async with SMTPServer(extensions=["DSN"]) as server:
        heard = await talk(server, EHLO, MAIL + " RET=HDRS", RCPT + " NOTIFY=NEVER", "DATA", ".")

    assert codes(heard) == "250 250 250 354 250"
    assert server.messages[0].options == ("RET=HDRS",)


@pytest.mark.parametrize(
    ("dictated", "content"),
    [
        (["."], b""),
        (["", "."], b"\r\n"),
        (["a", "..", "...b", ".c", "d.", "."], b"a\r\n.\r\n..b\r\nc\r\nd.\r\n"),
        ([b"a\n.\nb\r", b"."], b"a\n.\nb\r\r\n"),
        ([b"\xff\x00", b"."], b"\xff\x00\r\n"),
    ],
)
async def test_a_message_ends_with_its_end_of_data_and_loses_its_stuffing(
    server: SMTPServer, talk: Talk, dictated: list[str | bytes], content: bytes
) -> None:
    await talk(server, EHLO, MAIL, RCPT, "DATA", *dictated)

    assert [message.content for message in server.messages] == [content]


@pytest.mark.parametrize(("length", "answered"), [(98, "250"), (99, "552"), (300_000, "552")])
async def test_a_message_over_the_limit_is_rejected_and_the_next_is_accepted(
    talk: Talk, length: int, answered: str
) -> None:
    async with SMTPServer(size=100) as server:
        heard = await talk(
            server, EHLO, MAIL, RCPT, "DATA", "x" * length, ".", MAIL, RCPT, "DATA", "x", "."
        )

    assert codes(heard) == f"250 250 250 354 {answered} 250 250 354 250"
    assert server.messages[-1].content == b"x\r\n"


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (["AUTH PLAIN " + base64_of("\0ada\0secret")], "235"),
        (["AUTH PLAIN", base64_of("\0ada\0secret")], "334 235"),
        (["AUTH LOGIN", base64_of("ada"), base64_of("secret")], "334 334 235"),
        (["AUTH LOGIN " + base64_of("ada"), base64_of("secret")], "334 235"),
        (["AUTH PLAIN " + base64_of("\0ada\0wrong")], "535"),
        (["AUTH PLAIN " + base64_of("\0eve\0secret")], "535"),
        (["AUTH PLAIN " + base64_of("ada")], "501"),
        (["AUTH PLAIN", "*"], "334 501"),
        (["AUTH PLAIN", "%"], "334 501"),
        (["AUTH CRAM-MD5"], "504"),
        ([MAIL], "530"),
        (["AUTH PLAIN " + base64_of("\0ada\0secret"), "AUTH PLAIN ="], "235 503"),
    ],
)
async def test_a_login_is_asked_for_and_checked(talk: Talk, said: list[str], answered: str) -> None:
    async with SMTPServer(users={"ada": "secret"}) as server:
        heard = await talk(server, EHLO, *said)

    assert codes(heard) == f"250 {answered}"
    assert "c2VjcmV0" not in repr(server.transcript)


async def test_no_login_is_accepted_before_starttls(
    server_context: ssl.SSLContext, talk: Talk
) -> None:
    async with SMTPServer(starttls=server_context, users={"ada": "secret"}) as server:
        heard = await talk(server, EHLO, "AUTH PLAIN " + base64_of("\0ada\0secret"), MAIL)

    assert codes(heard) == "250 538 530"
    assert server.logins == []


async def test_commands_sent_ahead_of_the_handshake_are_discarded(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async with SMTPServer(starttls=server_context) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"EHLO laptop\r\nSTARTTLS\r\nMAIL FROM:<eve@example.com>\r\n")
        await reader.readuntil(b"220 2.0.0 Go ahead\r\n")
        await writer.start_tls(client_context, server_hostname="localhost")
        writer.write(b"QUIT\r\n")

        assert await reader.readline() == b"221 2.0.0 Bye\r\n"
        assert server.transcript == ["EHLO laptop", "STARTTLS", "QUIT"]
        writer.close()
