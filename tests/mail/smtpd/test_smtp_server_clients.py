"""Messages of real clients, and what the test server tells about them."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from quartapp.mail.testing import Login, Phase, ReceivedMessage, SMTPServer, message
from tests.mail.smtpd.conftest import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mail.smtpd.conftest import Converse


async def test_a_message_is_recorded_with_its_envelope(
    strict: SMTPServer, converse: Converse
) -> None:
    before = datetime.now(UTC)

    await converse(strict)

    (taken,) = strict.messages
    assert (taken.sender, taken.recipients) == ("ada@example.com", ("bob@example.com",))
    assert (taken.content, taken.message_id) == (MESSAGE, "<1@example.com>")
    assert (taken.encrypted, taken.username, taken.connection) == (True, "ada", 1)
    assert before <= taken.at <= datetime.now(UTC)
    assert taken.message["Subject"] == "Tea"


async def test_the_transcript_holds_the_commands_without_credentials(
    strict: SMTPServer, converse: Converse
) -> None:
    await converse(strict)

    assert strict.transcript == [
        "EHLO laptop.example.com",
        "STARTTLS",
        "EHLO laptop.example.com",
        "AUTH PLAIN ***",
        f"MAIL FROM:<ada@example.com> size={len(MESSAGE)}",
        "RCPT TO:<bob@example.com>",
        "DATA",
        "RSET",
        "QUIT",
    ]


async def test_logins_are_recorded_with_their_outcome(
    strict: SMTPServer, converse: Converse
) -> None:
    strict.answer(Phase.AUTH, "535 5.7.8 no", times=2)

    first = await converse(strict)
    second = await converse(strict)

    assert (first, second) == ("535", "done")
    assert strict.logins == [Login("ada", False), Login("ada", False), Login("ada", True)]


async def test_connections_are_counted(server: SMTPServer) -> None:
    clients = [aiosmtplib.SMTP(hostname=server.host, port=server.port) for _ in range(3)]

    for client in clients:
        await client.connect()
    clients[0].close()
    clients[1].close()
    await clients[2].quit()
    await server.idle()
    await clients[0].connect()
    clients[0].close()

    assert (server.connections, server.max_open_connections) == (4, 3)


async def test_many_clients_at_once_are_served(server: SMTPServer) -> None:
    await asyncio.gather(*(post(server, f"<{number}@example.com>") for number in range(50)))

    taken = await server.received(50)

    assert {message.message_id for message in taken} == {f"<{n}@example.com>" for n in range(50)}


async def test_a_message_of_many_megabytes_arrives_as_it_was(server: SMTPServer) -> None:
    content = b"Subject: big\r\n\r\n" + b".0123456789\r\n" * 400_000

    await aiosmtplib.send(
        content,
        sender="ada@example.com",
        recipients=["bob@example.com"],
        hostname=server.host,
        port=server.port,
    )

    assert server.messages[0].content == content


async def test_a_client_that_trusts_another_authority_sends_nothing(
    strict: SMTPServer, wrong_ca_file: str
) -> None:
    client = aiosmtplib.SMTP(
        hostname=strict.host,
        port=strict.port,
        start_tls=True,
        tls_context=ssl.create_default_context(cafile=wrong_ca_file),
    )

    with pytest.raises(ssl.SSLCertVerificationError):
        await client.connect()
    client.close()

    await strict.idle()
    assert strict.logins == []


async def test_tls_from_the_first_byte(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async with SMTPServer(tls=server_context) as server:
        await aiosmtplib.send(
            MESSAGE,
            sender="ada@example.com",
            recipients=["bob@example.com"],
            hostname=server.host,
            port=server.port,
            use_tls=True,
            tls_context=client_context,
        )

    assert server.messages[0].encrypted


@pytest.mark.parametrize("behaviour", [SMTPServer.drop, SMTPServer.garbage])
async def test_a_handshake_that_never_comes_is_a_failed_connect(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext, behaviour: Callable[..., None]
) -> None:
    async with SMTPServer(tls=server_context) as server:
        behaviour(server, Phase.CONNECT)
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, use_tls=True, tls_context=client_context
        )

        with pytest.raises(aiosmtplib.SMTPConnectError):
            await client.connect()


async def test_the_standard_library_s_client_is_served(
    strict: SMTPServer, client_context: ssl.SSLContext
) -> None:
    def send() -> None:
        with smtplib.SMTP(strict.host, strict.port) as client:
            client.starttls(context=client_context)
            client.login("ada", "secret")
            client.sendmail("ada@example.com", ["zoë@example.com"], MESSAGE, ["SMTPUTF8"])

    await asyncio.to_thread(send)

    (taken,) = strict.messages
    assert (taken.recipients, taken.options[1:]) == (("zoë@example.com",), ("SMTPUTF8",))


async def test_the_standard_library_s_client_gets_a_rejection(server: SMTPServer) -> None:
    def send() -> None:
        with smtplib.SMTP(server.host, server.port) as client:
            client.sendmail("ada@example.com", ["bob@example.com"], MESSAGE)

    server.answer(Phase.END_OF_DATA, "451 4.3.0 later")

    with pytest.raises(smtplib.SMTPDataError, match="later"):
        await asyncio.to_thread(send)


def test_a_message_comes_back_from_its_line_of_json() -> None:
    taken = ReceivedMessage(
        "ada@example.com", ("zoë@example.com",), b"\xff\r\n", "", 3, datetime.now(UTC), ("BODY=8",)
    )

    assert ReceivedMessage.from_json(taken.as_json()) == taken


@pytest.mark.parametrize(
    ("header", "message_id"),
    [
        (b"Message-ID: <1@a.b>", "<1@a.b>"),
        (b"Subject: x\r\nmessage-id:\r\n <1@a.b>", "<1@a.b>"),
        (b"X-Message-ID: <1@a.b>", ""),
        (b"Subject: x\r\n\r\nMessage-ID: <1@a.b>", ""),
    ],
)
async def test_the_message_id_is_the_header_s(
    server: SMTPServer, header: bytes, message_id: str
) -> None:
    await post(server, "", header + b"\r\n\r\n")

    assert server.messages[0].message_id == message_id


def test_the_sample_message_can_be_changed() -> None:
    changed = message(subject="Coffee", recipients=["eve@example.com"])

    assert (changed.subject, changed.body) == ("Coffee", message().body)
    assert changed.recipients == ["eve@example.com"]


async def post(server: SMTPServer, message_id: str, content: bytes = b"") -> None:
    await aiosmtplib.send(
        content or b"Message-ID: %s\r\n\r\n" % message_id.encode(),
        sender="ada@example.com",
        recipients=["bob@example.com"],
        hostname=server.host,
        port=server.port,
    )
