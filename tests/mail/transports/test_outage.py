"""A server outage: delivery is paused, probed by one message at a time, and logged once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Breaker, BreakerState, Result, ServerOutage
from quartapp.mail.transports.logins import Logins
from tests.mail.transports.sample import BOB, Seconds, send

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def limits(clock):
    """A breaker that goes by the clock."""
    return {"breaker": Breaker(1, 60, clock=clock, jitter=lambda: 1.0)}


async def ends_of(tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_messages_during_an_outage_are_rejected_at_once(connect, server, limits):
    await server.stop()
    async with connect(limits=limits) as transport:
        for _ in range(3):
            with pytest.raises(ServerOutage, match="refused the connection"):
                await send(transport)

    assert server.connections == 0


async def test_one_probes_while_the_others_wait(connect, server, sending, limits, clock):
    await server.stop()
    async with connect(limits=limits) as transport:
        await ends_of(sending(transport))
        await server.start()
        server.stall(Phase.END_OF_DATA, times=1)
        clock.now = 1

        tasks = sending(transport, 5)
        await server.reached(Phase.END_OF_DATA)
        probing = (transport.breaker.state, server.connections)
        server.resume()
        outcomes = await asyncio.gather(*tasks)

    assert probing == (BreakerState.PROBING, 1)
    assert {outcome.answers[BOB].result for outcome in outcomes} == {Result.ACCEPTED}
    assert transport.breaker.state is BreakerState.CLOSED


async def test_a_message_stuck_at_its_end_of_data_does_not_stop_the_probe(
    connect, server, sending, limits, clock
):
    server.stall(Phase.END_OF_DATA, times=1)
    server.answer(Phase.MAIL, "421 4.3.2 shutting down", nth=2)
    async with connect(limits=limits) as transport:
        sending(transport)
        await server.reached(Phase.END_OF_DATA)
        await ends_of(sending(transport))
        clock.now = 1

        outcome = await asyncio.wait_for(send(transport), 10)

    assert outcome.answers[BOB].result is Result.ACCEPTED


async def test_an_outage_and_its_end_are_logged_once_each(
    connect, server, sending, limits, clock, caplog
):
    caplog.set_level("INFO")
    await server.stop()
    async with connect(limits=limits) as transport:
        await ends_of(sending(transport, 5))
        clock.now = 1
        await ends_of(sending(transport, 5))
        await server.start()
        clock.now = 180
        await ends_of(sending(transport, 5))

    where = f"{server.host}:{server.port}"
    cure = "check MAIL_SERVER and MAIL_PORT, or start the server"
    assert [(record.levelname, record.message) for record in caplog.records] == [
        (
            "WARNING",
            f"delivery paused: {where} refused the connection; {cure} (next attempt in 1 s)",
        ),
        ("INFO", "delivery resumed after 3 min"),
    ]


async def test_an_outage_and_its_end_have_fields(connect, server, sending, limits, clock, caplog):
    caplog.set_level("INFO")
    server.answer(Phase.GREETING, "421 4.3.2 not\x1b[2J now", times=1)
    began = datetime.now(UTC)
    async with connect(limits=limits) as transport:
        await ends_of(sending(transport))
        clock.now = 180
        await ends_of(sending(transport))

    paused, resumed = caplog.records
    assert (paused.outcome, paused.code) == ("paused", 421)
    assert "421 4.3.2 not" in paused.reply
    assert datetime.fromisoformat(paused.next_attempt) > began
    assert "\x1b" not in paused.message
    assert (resumed.outcome, resumed.duration_ms) == ("resumed", 180_000)


async def test_a_wrong_password_is_sent_once_per_probe(connect, sending, limits, clock):
    async with SMTPServer(users={"ada": "right"}) as server:
        login = {"username": "ada", "password": "wrong", "connections": 4}
        settings = MailSettings(**login)
        logins = Logins(settings, now=lambda: BEGINNING + timedelta(seconds=clock.now))
        async with connect(server, limits | {"logins": logins}, **login) as transport:
            counts = []
            for now in (0, 60, 299, 300, 600, 899, 900):
                clock.now = now
                await ends_of(sending(transport, 10))
                counts.append(len(server.logins))

    assert counts == [1, 1, 1, 2, 2, 2, 3]


async def test_others_connect_as_soon_as_the_first_has_logged_in(connect, server, sending):
    server.stall(Phase.EHLO, times=1)
    async with connect(connections=3) as transport:
        tasks = sending(transport, 3)
        await server.reached(Phase.EHLO)
        # Those that come all the same are heard by now.
        await asyncio.sleep(0.2)
        connections_at_first = server.connections
        server.stall(Phase.END_OF_DATA)
        server.resume()
        await server.reached(Phase.END_OF_DATA, 3)
        server.resume()
        await asyncio.gather(*tasks)

    assert (connections_at_first, server.connections) == (1, 3)


@pytest.mark.parametrize(
    ("phase", "reply", "words"),
    [
        (Phase.GREETING, "421 4.3.2 closing", "replied 421 4.3.2 closing"),
        (Phase.GREETING, "554-no\n554 service \x1b[31m", "replied 554 no service \ufffd[31m"),
        (Phase.EHLO, "550 5.7.1 who are you", "replied 550 5.7.1 who are you"),
    ],
)
async def test_a_server_reply_is_shown_on_one_line(connect, server, phase, reply, words):
    server.answer(phase, reply)
    async with connect() as transport:
        with pytest.raises(ServerOutage) as caught:
            await send(transport)

    assert str(caught.value) == f"{server.host}:{server.port} {words}"


async def test_a_server_that_does_not_speak_smtp_is_an_outage(connect, server):
    server.garbage(Phase.GREETING)
    async with connect() as transport:
        with pytest.raises(
            ServerOutage, match=r"does not speak SMTP; check MAIL_SERVER and MAIL_PORT"
        ):
            await send(transport)


async def test_a_silent_server_is_an_outage(connect, server):
    server.stall(Phase.GREETING)
    async with connect(timeout=0.1) as transport:
        with pytest.raises(ServerOutage, match=r"did not reply within 0\.1 s"):
            await send(transport)


async def test_a_name_without_an_address_is_an_outage(connect):
    async with connect(server="nowhere.invalid") as transport:
        with pytest.raises(ServerOutage, match=r"has no address .*; check MAIL_SERVER"):
            await send(transport)
