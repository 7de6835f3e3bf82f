"""Privacy: TLS where it is asked for, and no credentials where somebody could listen."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import SMTPServer
from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.client import Client
from quartapp.mail.transports.smtp.login import log_in
from quartapp.mail.transports.smtp.tls import start_tls, tls_context
from tests.mail.transports.sample import send

LOGIN = {"username": "ada", "password": "secret"}
USERS = {"ada": "secret"}


@pytest.fixture
def own_address():
    """An address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return probe.getsockname()[0]


async def test_starttls_comes_before_login_and_message(connect, server_context, ca_file):
    async with (
        SMTPServer(starttls=server_context, users=USERS) as server,
        connect(server, use_tls=True, ca_file=ca_file, **LOGIN) as transport,
    ):
        await send(transport)

    assert [(sent.encrypted, sent.username) for sent in server.messages] == [(True, "ada")]
    assert [line.split()[0] for line in server.transcript[:4]] == [
        "EHLO",
        "STARTTLS",
        "EHLO",
        "AUTH",
    ]


async def test_a_stripped_starttls_gets_neither_password_nor_message(connect):
    async with (
        SMTPServer(users=USERS) as server,
        connect(server, use_tls=True, **LOGIN) as transport,
    ):
        with pytest.raises(ServerOutage, match="does not offer STARTTLS; check MAIL_PORT"):
            await send(transport)

    assert [line.split()[0] for line in server.transcript] == ["EHLO"]


async def test_tls_from_the_start(connect, server_context, ca_file):
    async with (
        SMTPServer(tls=server_context, users=USERS) as server,
        connect(server, use_ssl=True, ca_file=ca_file, **LOGIN) as transport,
    ):
        await send(transport)

    assert [(sent.encrypted, sent.username) for sent in server.messages] == [(True, "ada")]


@pytest.mark.parametrize("how", [("starttls", "use_tls"), ("tls", "use_ssl")], ids="-".join)
async def test_an_unknown_authority_is_refused_in_one_sentence(
    how, connect, server_context, wrong_ca_file
):
    offered, asked = how
    async with (
        SMTPServer(**{offered: server_context}, users=USERS) as server,
        connect(server, **{asked: True}, ca_file=wrong_ca_file, **LOGIN) as transport,
    ):
        with pytest.raises(ServerOutage) as caught:
            await send(transport)

    assert str(caught.value) == (
        f"{server.host}:{server.port} has a certificate that is not trusted "
        "(unable to get local issuer certificate); "
        "set MAIL_CA_FILE to the authority that signed it"
    )
    assert server.logins == []


async def test_a_certificate_is_not_verified_where_the_settings_say_so(connect, server_context):
    async with (
        SMTPServer(starttls=server_context) as server,
        connect(server, use_tls=True, validate_certs=False) as transport,
    ):
        await send(transport)

    assert server.messages[0].encrypted


async def test_tls_from_the_start_against_a_server_that_wants_starttls(connect, server, ca_file):
    async with connect(use_ssl=True, ca_file=ca_file) as transport:
        with pytest.raises(ServerOutage, match="set MAIL_USE_TLS instead of MAIL_USE_SSL"):
            await send(transport)


async def test_a_password_is_never_sent_in_clear_to_another_machine(own_address):
    async with SMTPServer(host=own_address, users=USERS) as server:
        settings = MailSettings(**LOGIN)
        client = Client(settings, None)
        await client.begin(socket.create_connection((own_address, server.port)))
        await client.greet()
        with pytest.raises(ServerOutage, match="would receive the password in clear"):
            await log_in(client, settings)
        client.close()

    assert server.logins == []


async def test_a_password_is_sent_in_clear_to_another_machine_where_that_is_asked_for(own_address):
    async with SMTPServer(host=own_address, users=USERS) as server:
        settings = MailSettings(**LOGIN, server=own_address, allow_insecure_login=True)
        client = Client(settings, None)
        await client.begin(socket.create_connection((own_address, server.port)))
        await client.greet()
        await log_in(client, settings)
        client.close()

    assert [login.succeeded for login in server.logins] == [True]


async def test_a_password_may_be_sent_in_clear_to_this_machine(connect):
    async with (
        SMTPServer(users=USERS) as server,
        connect(server, **LOGIN) as transport,
    ):
        await send(transport)

    assert [login.succeeded for login in server.logins] == [True]


async def test_a_server_without_a_supported_mechanism_is_an_outage(connect, server):
    async with connect(**LOGIN) as transport:
        with pytest.raises(ServerOutage, match="offers no supported AUTH mechanism"):
            await send(transport)


async def test_a_rejected_login_says_which_settings_to_check(connect):
    async with (
        SMTPServer(users={"ada": "another"}) as server,
        connect(server, **LOGIN) as transport,
    ):
        with pytest.raises(ServerOutage, match=r"535 .*; check MAIL_USERNAME and MAIL_PASS"):
            await send(transport)

    assert len(server.logins) == 1


async def test_a_silent_server_under_tls_is_disconnected_at_once(connect, server_context, ca_file):
    async with SMTPServer(tls=server_context) as server:
        server.stall("EHLO")
        async with connect(server, use_ssl=True, ca_file=ca_file, timeout=1) as transport:
            with pytest.raises(ServerOutage, match="did not reply"):
                await send(transport)
            await server.idle(timeout=5)

    assert server.connections == 1


async def test_a_connection_that_is_dropped_in_the_handshake_has_a_reason(
    connect, server_context, ca_file
):
    async with SMTPServer(tls=server_context) as server:
        server.drop("CONNECT")
        async with connect(server, use_ssl=True, ca_file=ca_file) as transport:
            with pytest.raises(ServerOutage, match="closed the connection"):
                await send(transport)


async def test_what_was_sent_ahead_of_tls_is_no_part_of_a_reply_in_it(server_context, ca_file):
    async def serve(reader, writer):
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-hello\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n250-hello from somebody in between\r\n250-SI")
        await writer.start_tls(server_context)
        await reader.readline()
        writer.write(b"250-hello\r\n250 SIZE 1000\r\n")
        with suppress(OSError):
            await reader.read()
            writer.close()
            await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    settings = MailSettings(server="localhost", use_tls=True, ca_file=ca_file)
    client = Client(settings, tls_context(settings))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await client.begin(socket.create_connection(server.sockets[0].getsockname()))
        await start_tls(client, settings)
        await client.greet()
        offered = client.esmtp_extensions
        client.close()
        await ended.wait()

    assert offered == {"size": "1000"}
