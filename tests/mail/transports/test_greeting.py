"""The greeting: our own name, servers that know HELO only, and replies as they should not be."""

from __future__ import annotations

import re

import pytest

from quartapp.mail.server_settings import ServerSettings
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Result, ServerOutage
from quartapp.mail.transports.smtp import local_name
from tests.mail.transports.sample import BOB, send

ALICE = {"alice": "correct horse"}
LOGIN = {"username": "alice", "password": "correct horse"}


def greetings(server):
    return [line for line in server.transcript if re.match("EHLO|HELO", line)]


async def test_our_name_in_ehlo_is_the_one_of_the_settings(connect, server):
    async with connect(local_hostname="app.example.com") as transport:
        await send(transport)

    assert greetings(server) == ["EHLO app.example.com"]


@pytest.mark.parametrize(
    "host",
    [
        "4f2a9c1b7d3e",
        "web",
        "localhost",
        "localhost.localdomain",
        "my_host.example.com",
        "-web.example.com",
        "192.0.2.1",
        "",
        "web..example.com",
        f"{'a' * 64}.example.com",
    ],
)
@pytest.mark.parametrize(
    ("own_end", "literal"),
    [
        (("192.0.2.7", 40000), "[192.0.2.7]"),
        (("2001:db8::7", 40000, 0, 0), "[IPv6:2001:db8::7]"),
        (("fe80::7%eth0", 40000, 0, 2), "[IPv6:fe80::7]"),
        (("::ffff:192.0.2.7", 40000, 0, 0), "[192.0.2.7]"),
    ],
)
def test_a_host_without_a_usable_name_gives_the_address_of_its_own_end(host, own_end, literal):
    assert local_name.chosen(None, host, own_end) == literal


@pytest.mark.parametrize("host", ["web-1.example.com", "web-1.example.com.", "a.b"])
def test_a_host_with_a_dotted_name_gives_that(host):
    name = local_name.chosen(None, host, ("192.0.2.7", 40000))

    assert name == host.removesuffix(".")


def test_the_settings_name_wins():
    settings = ServerSettings(local_hostname="mail.example.com")

    assert local_name.local_name(settings, ("192.0.2.7", 1)) == "mail.example.com"


@pytest.mark.parametrize("code", [500, 502, 504])
async def test_a_server_that_does_not_know_ehlo_is_greeted_with_helo(connect, server, code):
    server.answer(Phase.EHLO, f"{code} 5.5.1 what is that", times=1)
    async with connect() as transport:
        outcome = await send(transport)

    assert [line[:4] for line in greetings(server)] == ["EHLO", "HELO"]
    assert outcome.answers[BOB].result is Result.ACCEPTED


async def test_of_a_server_that_knows_helo_only_nothing_is_expected(connect, server):
    server.answer(Phase.EHLO, "502 5.5.1 not implemented", times=1)
    async with connect() as transport:
        await send(transport)

    assert [line for line in server.transcript if "MAIL" in line] == ["MAIL FROM:<ada@example.com>"]


async def test_a_refused_helo_is_an_outage_with_its_reply(connect, server):
    server.answer(Phase.EHLO, "502 5.5.1 not implemented", times=1)
    server.answer(Phase.EHLO, "550 5.7.1 go away")
    async with connect() as transport:
        with pytest.raises(ServerOutage, match=r"replied 550 5\.7\.1 go away"):
            await send(transport)


async def test_a_refused_name_is_not_repeated_with_helo(connect, server):
    server.answer(Phase.EHLO, "550 5.7.1 this name is not yours")
    async with connect() as transport:
        with pytest.raises(ServerOutage, match="this name is not yours"):
            await send(transport)

    assert [line[:4] for line in greetings(server)] == ["EHLO"]


async def test_a_server_with_helo_only_does_not_offer_starttls(connect, server, ca_file):
    server.answer(Phase.EHLO, "502 5.5.1 not implemented", times=1)
    async with connect(use_tls=True, ca_file=ca_file) as transport:
        with pytest.raises(ServerOutage, match="does not offer STARTTLS"):
            await send(transport)


@pytest.mark.parametrize("offer", ["250mail\n", "250-mail\n250-PIPELINING\n"])
async def test_replies_without_a_space_are_read_the_same_in_every_mode(
    connect, server_context, ca_file, offer
):
    async with SMTPServer(starttls=server_context, users=ALICE) as server:
        server.answer(Phase.GREETING, "220hello")
        lines = offer.replace("250mail", "250-mail")
        server.answer(Phase.EHLO, f"{lines}250STARTTLS", times=1)
        server.answer(Phase.EHLO, f"{lines}250AUTH PLAIN")
        server.answer(Phase.STARTTLS, "220go ahead")
        server.answer(Phase.AUTH, "235welcome")
        for phase in (Phase.MAIL, Phase.RCPT, Phase.END_OF_DATA):
            server.answer(phase, "250OK")
        server.answer(Phase.DATA, "354go on")
        where = {"server": "localhost", "use_tls": True, "ca_file": ca_file}
        async with connect(server, **where, **LOGIN) as transport:
            outcome = await send(transport)

    answer = outcome.answers[BOB]
    assert (answer.result, answer.code, answer.reply) == (Result.ACCEPTED, 250, "OK")
    assert server.logins[0].succeeded
    assert len(server.messages) == 1


async def test_a_rejection_without_a_space_is_one(connect, server):
    server.answer(Phase.RCPT, "550No such user")
    async with connect() as transport:
        outcome = await send(transport)

    answer = outcome.answers[BOB]
    assert (answer.result, answer.code, answer.reply) == (Result.PERMANENT, 550, "No such user")
