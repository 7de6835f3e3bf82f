"""Messages that overlap: the next one begins while the reply to the last one is still to come."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from quartapp.mail.message.encoding import Envelope
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Result
from tests.crash.waiting import until
from tests.mail.transports.sample import BOB, TEA, TO_BOB, send

ACCEPTED, TRANSIENT, PERMANENT, UNCERTAIN = Result


def results(outcomes):
    return [outcome.answers[BOB].result for outcome in outcomes]


@asynccontextmanager
async def patient_server():
    """A server that replies to no end of data before it has read the next message's envelope."""
    envelopes = []

    async def serve(reader, writer):
        writer.write(b"220 patience\r\n")
        await reader.readline()
        writer.write(b"250-patience\r\n250 PIPELINING\r\n")
        envelopes.append(await reader.readuntil(b"DATA\r\n"))
        while True:
            writer.write(b"250 from\r\n250 to\r\n354 go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            if len(envelopes) == 3:
                break
            envelopes.append(await reader.readuntil(b"DATA\r\n"))
            writer.write(b"250 taken\r\n")
        writer.write(b"250 taken\r\n")
        await reader.readline()
        writer.write(b"221 bye\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], envelopes


async def test_a_message_begins_before_the_reply_to_the_last_one(connect, sending):
    async with (
        patient_server() as (port, envelopes),
        connect(port=port, connections=1) as transport,
    ):
        outcomes = await asyncio.gather(*sending(transport, 3))

    assert results(outcomes) == [ACCEPTED] * 3
    assert len(envelopes) == 3


async def shown(transport, words):
    """Wait until its repr says so."""

    async def look():
        return words in repr(transport)

    await until(look, lambda: f"{words} in {transport!r}")


async def both_under_way(transport, server, sending):
    """One message that awaits the reply to its end of data, and one that has begun behind it."""
    server.stall(Phase.END_OF_DATA, times=1)
    tasks = sending(transport, 2)
    await server.reached(Phase.END_OF_DATA)
    await shown(transport, "0 waiting")
    return tasks


@pytest.mark.parametrize(
    ("phase", "does", "ends", "connections"),
    [
        (Phase.END_OF_DATA, "drop", [UNCERTAIN, ACCEPTED], 2),
        (Phase.END_OF_DATA, "garbage", [UNCERTAIN, ACCEPTED], 2),
        (Phase.END_OF_DATA, "451 later", [TRANSIENT, ACCEPTED], 1),
        (Phase.END_OF_DATA, "550 never", [PERMANENT, ACCEPTED], 1),
        (Phase.NEXT, "drop", [ACCEPTED, ACCEPTED], 2),
        (Phase.NEXT, "421 enough", [ACCEPTED, ACCEPTED], 2),
        (Phase.MAIL, "drop", [ACCEPTED, ACCEPTED], 2),
        (Phase.MAIL, "garbage", [ACCEPTED, ACCEPTED], 2),
        (Phase.MAIL, "421 enough", [ACCEPTED, ACCEPTED], 2),
        (Phase.MAIL, "451 later", [ACCEPTED, TRANSIENT], 1),
        (Phase.RCPT, "drop", [ACCEPTED, ACCEPTED], 2),
        (Phase.RCPT, "550 never", [ACCEPTED, PERMANENT], 1),
        (Phase.DATA, "drop", [ACCEPTED, TRANSIENT], 1),
        (Phase.DATA, "550 never", [ACCEPTED, PERMANENT], 1),
    ],
)
async def test_a_fault_of_one_message_leaves_the_other_right(
    phase, does, ends, connections, connect, sending
):
    async with SMTPServer() as server, connect(server, connections=1) as transport:
        nth = 1 if phase in (Phase.END_OF_DATA, Phase.NEXT) else 2
        match does:
            case "drop":
                server.drop(phase, nth=nth)
            case "garbage":
                server.garbage(phase, nth=nth)
            case reply:
                server.answer(phase, reply, nth=nth)
        outcomes = await asyncio.gather(*sending(transport, 2))

    assert results(outcomes) == ends
    assert server.connections == connections


async def test_a_message_cancelled_behind_an_end_of_data_leaves_that_reply_to_its_owner(
    connect, server, sending
):
    async with connect(connections=1) as transport:
        first, second = await both_under_way(transport, server, sending)
        second.cancel()
        await asyncio.wait([second])
        server.resume()
        outcome = await first
        again = await send(transport)

    assert results([outcome, again]) == [ACCEPTED, ACCEPTED]
    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_message_that_waits_too_long_behind_an_end_of_data_gets_another_connection(
    connect, server, sending
):
    async with connect(connections=1, timeout=0.2) as transport:
        first, second = await both_under_way(transport, server, sending)
        await shown(transport, "1 waiting")
        server.resume()
        outcomes = await asyncio.gather(first, second)

    assert results(outcomes) == [ACCEPTED, ACCEPTED]
    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_server_that_ignores_early_messages_is_sent_no_more_of_them(
    connect, server, sending, caplog
):
    caplog.set_level("INFO")
    server.stall(Phase.MAIL, nth=2)
    async with connect(connections=1, timeout=0.2) as transport:
        outcomes = await asyncio.gather(*sending(transport, 2))
        first, second = sending(transport, 2)
        server.stall(Phase.END_OF_DATA, times=1)
        await server.reached(Phase.END_OF_DATA, 3)
        shown = repr(transport)
        server.resume()
        outcomes += await asyncio.gather(first, second)

    assert results(outcomes) == [ACCEPTED] * 4
    assert "1 busy, 0 idle, 1 waiting" in shown
    assert "begins before the last one's reply" in caplog.text


async def test_an_exclusive_connection_is_not_shared(connect, server, sending):
    server.stall(Phase.END_OF_DATA, times=1)
    async with connect(connections=1) as transport, transport.session(is_exclusive=True) as own:
        sent = asyncio.create_task(own.send(TO_BOB, TEA))
        [other] = sending(transport)
        await server.reached(Phase.END_OF_DATA)
        shown = repr(transport)
        server.resume()
        await sent
        other.cancel()

    assert "1 busy, 0 idle, 1 waiting" in shown


async def test_data_that_is_accepted_without_recipients_is_ended_with_a_lone_dot(connect):
    received = []

    async def serve(reader, writer):
        writer.write(b"220 lenient\r\n")
        await reader.readline()
        writer.write(b"250-lenient\r\n250 PIPELINING\r\n")
        received.append(await reader.readuntil(b"DATA\r\n"))
        writer.write(b"250 from\r\n550 nobody here\r\n354 go on\r\n")
        received.append(await reader.readline())
        writer.write(b"554 no valid recipients\r\n")
        received.append(await reader.readline())
        writer.write(b"250 forgotten\r\n221 bye\r\n")
        writer.close()

    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as lenient,
        connect(port=lenient.sockets[0].getsockname()[1]) as transport,
    ):
        outcome = await send(transport)

    assert results([outcome]) == [PERMANENT]
    assert outcome.answers[BOB].reply == "nobody here"
    assert received[1:] == [b".\r\n", b"QUIT\r\n"]


async def test_a_command_is_one_command(transport):
    with pytest.raises(ValueError, match="must not hold control characters"):
        await send(transport, Envelope("a@example.com", ("b@c.de>\r\nRSET",)))
