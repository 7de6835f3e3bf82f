"""A server's name with several addresses: one that fails does not stand for the others."""

from __future__ import annotations

import socket

import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Breaker, Result, ServerOutage
from quartapp.mail.transports.smtp.server_addresses import ServerAddresses
from quartapp.mail.transports.smtp.transport import SMTPTransport
from tests.mail.transports.sample import BOB, Seconds, send

LOGIN = {"username": "ada", "password": "wrong"}


def address(host, port):
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))


@pytest.fixture
async def servers():
    """A first and a second server of one name."""
    async with SMTPServer() as first, SMTPServer() as second:
        yield first, second


@pytest.fixture
async def through(request):
    """A transport to a name that has the addresses of these servers."""
    transports = []

    def begin(*servers, **settings):
        addresses = [address(each.host, each.port) for each in servers]

        async def resolve(_server, _port):
            return addresses

        chosen = MailSettings(**{"server": "mail.example.com", "port": 25} | settings)
        clock = Seconds()
        breaker = Breaker(1, 60, clock=clock, jitter=lambda: 1.0)
        known = ServerAddresses(chosen, resolve=resolve)
        transports.append(SMTPTransport(chosen, breaker=breaker, addresses=known))
        return transports[-1], clock

    yield begin
    for transport in transports:
        await transport.close()


async def test_the_first_that_works_is_used(servers, through):
    transport, _ = through(*servers)

    await send(transport)

    assert [each.connections for each in servers] == [1, 0]


@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        (Phase.CONNECT, "421 4.3.2 too busy"),
        (Phase.GREETING, "421 4.3.2 too busy"),
        (Phase.GREETING, "554 5.3.2 no service here"),
        (Phase.EHLO, "421 4.3.2 too busy"),
        (Phase.EHLO, "550 5.7.1 not from here"),
    ],
)
async def test_a_refusal_goes_on_to_the_next_address(servers, through, phase, reply):
    servers[0].answer(phase, reply)
    transport, _ = through(*servers)

    outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert len(servers[1].messages) == 1
    assert transport.breaker.outage is None


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.GREETING, Phase.EHLO])
async def test_an_address_that_disconnects_goes_on_to_the_next(servers, through, phase):
    servers[0].drop(phase)
    transport, _ = through(*servers)

    await send(transport)

    assert len(servers[1].messages) == 1


async def test_an_address_that_refuses_connections_goes_on_to_the_next(servers, through):
    await servers[0].stop()
    transport, _ = through(*servers)

    await send(transport)

    assert len(servers[1].messages) == 1


async def test_an_address_without_starttls_goes_on_to_the_next(through, server_context, ca_file):
    async with SMTPServer() as first, SMTPServer(starttls=server_context) as second:
        settings = {"server": "localhost", "use_tls": True, "ca_file": ca_file}
        transport, _ = through(first, second, **settings)

        await send(transport)

    assert second.messages[0].encrypted
    assert not any("MAIL" in line for line in first.transcript)


async def test_an_address_that_says_nothing_has_only_its_share_of_the_time(servers, through):
    servers[0].stall(Phase.GREETING)
    transport, _ = through(*servers, timeout=2)

    await send(transport)

    assert len(servers[1].messages) == 1


async def test_an_address_that_never_answers_does_not_hold_up_the_next(servers, through):
    dead = socket.socket()
    dead.bind(("127.0.0.1", 0))
    dead.listen(0)
    host, port = dead.getsockname()
    crowd = [socket.socket() for _ in range(4)]
    for each in crowd:
        # A queue that is full: Linux answers no further connection.
        each.setblocking(False)
        each.connect_ex((host, port))
    silent = SMTPServer(port=port)
    transport, _ = through(silent, servers[1])
    try:
        await send(transport)
    finally:
        for each in (dead, *crowd):
            each.close()

    assert len(servers[1].messages) == 1


async def test_an_address_that_failed_is_asked_last_from_then_on(servers, through):
    servers[0].answer(Phase.GREETING, "421 4.3.2 too busy")
    transport, _ = through(*servers, max_emails=1)

    for _ in range(3):
        await send(transport)

    assert [each.connections for each in servers] == [1, 3]


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.END_OF_DATA])
async def test_after_an_outage_in_a_transaction_the_next_address_is_asked(servers, through, phase):
    servers[0].answer(phase, "421 4.3.2 shutting down")
    transport, clock = through(*servers)

    with pytest.raises(ServerOutage, match="shutting down"):
        await send(transport)
    clock.now = 2
    await send(transport)

    assert len(servers[1].messages) == 1


async def test_after_a_lost_connection_the_next_address_is_asked(servers, through):
    servers[0].drop(Phase.DATA)
    transport, _ = through(*servers)

    outcomes = [await send(transport) for _ in range(2)]

    assert [each.answers[BOB].result for each in outcomes] == [Result.TRANSIENT, Result.ACCEPTED]
    assert [each.connections for each in servers] == [1, 1]


async def test_where_every_address_fails_the_first_reply_is_the_reason(servers, through):
    await servers[1].stop()
    servers[0].answer(Phase.GREETING, "421 4.3.2 too busy")
    transport, _ = through(servers[1], servers[0])

    with pytest.raises(ServerOutage, match=r"mail\.example\.com:25 replied 421 4\.3\.2 too busy"):
        await send(transport)


async def test_a_rejected_login_is_not_repeated_at_the_next_address(through):
    users = {"ada": "right"}
    async with SMTPServer(users=users) as first, SMTPServer(users=users) as second:
        transport, _ = through(first, second, server="localhost", **LOGIN)

        with pytest.raises(ServerOutage, match="rejected the login"):
            await send(transport)

    assert (len(first.logins), second.connections) == (1, 0)


async def test_a_login_that_is_put_off_goes_on_to_the_next_address(through):
    users = {"ada": "wrong"}
    async with SMTPServer(users=users) as first, SMTPServer(users=users) as second:
        first.answer(Phase.AUTH, "454 4.7.0 temporary authentication failure")
        transport, _ = through(first, second, server="localhost", **LOGIN)

        await send(transport)

    assert len(second.messages) == 1


async def test_a_name_without_any_address_is_an_outage(through):
    transport, _ = through()

    with pytest.raises(ServerOutage, match="cannot be used: the name has no address"):
        await send(transport)
