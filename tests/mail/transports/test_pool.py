"""The pool: who gets which connection, how many there are, and when one is closed."""

from __future__ import annotations

import asyncio

import pytest

from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Result, ServerOutage
from tests.mail.transports.sample import BOB, TEA, TO_BOB, send


async def test_a_connection_has_one_sender_at_a_time(transport, server):
    async with transport.session() as one, transport.session() as other:
        await one.send(TO_BOB, TEA)
        await other.send(TO_BOB, TEA)

    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_connection_is_reused_for_the_next_message(transport, server):
    for _ in range(3):
        await send(transport)

    assert [message.connection for message in server.messages] == [1, 1, 1]


async def test_the_pool_grows_with_the_backlog_up_to_its_limit(connect, server, sending):
    server.stall(Phase.END_OF_DATA, times=3)
    async with connect(connections=3) as transport:
        tasks = sending(transport, 7)
        await server.reached(Phase.END_OF_DATA, 3)
        shown = repr(transport)
        server.resume()
        await asyncio.gather(*tasks)

    assert "3 busy, 0 idle, 1 waiting" in shown
    assert (len(server.messages), server.connections) == (7, 3)


async def test_a_connection_carries_so_many_messages_and_no_more(connect, server):
    async with connect(max_emails=2) as transport:
        for _ in range(5):
            await send(transport)

    assert [message.connection for message in server.messages] == [1, 1, 2, 2, 3]


async def test_a_connection_carries_no_more_messages_than_the_server_announces(connect):
    extensions = ("LIMITS RCPTMAX=10 MAILMAX=2",)
    async with SMTPServer(extensions=extensions) as server, connect(server) as transport:
        for _ in range(3):
            await send(transport)

    assert [message.connection for message in server.messages] == [1, 1, 2]


async def test_an_idle_connection_is_closed(connect, server):
    async with connect(limits={"idle": 0.01}) as transport:
        await send(transport)
        await server.idle()

        shown = repr(transport)

    assert server.transcript[-1] == "QUIT"
    assert "0 busy, 0 idle, 0 waiting" in shown


async def test_an_old_connection_is_not_reused(connect, server):
    async with connect(limits={"max_age": 0}) as transport:
        await send(transport)
        await send(transport)

    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_connection_that_the_server_closed_is_replaced_at_once(transport, server):
    server.drop(Phase.NEXT, times=1)
    await send(transport)

    outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_connection_that_waited_unused_is_replaced_too(transport, server):
    server.drop(Phase.MAIL, times=1)
    async with transport.session():
        pass

    outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert server.messages[0].connection == 2


async def test_a_421_on_a_reused_connection_is_no_outage(transport, server):
    server.answer(Phase.MAIL, "421 4.7.0 too many messages on this connection", nth=2)
    await send(transport)

    outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_reply_to_no_command_is_not_taken_for_a_reply(transport, server):
    server.answer(Phase.NEXT, "550 5.7.1 and another thing", times=1)
    await send(transport)

    outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert [message.connection for message in server.messages] == [1, 2]


async def test_a_cancelled_connection_is_never_used_again(connect, server, sending):
    server.stall(Phase.RCPT, times=1)
    async with connect(timeout=600) as transport:
        [task] = sending(transport)
        await server.reached(Phase.RCPT)

        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert [message.connection for message in server.messages] == [2]


async def test_a_connection_that_timed_out_is_never_used_again(connect, server):
    server.stall(Phase.RCPT, times=1)
    async with connect(timeout=0.3) as transport:
        lost = await send(transport)
        server.resume()
        outcome = await send(transport)

    assert lost.answers[BOB].result is Result.TRANSIENT
    assert outcome.answers[BOB].result is Result.ACCEPTED
    assert [message.connection for message in server.messages] == [2]


async def test_a_cancelled_connect_leaves_room_for_others(connect, server, sending):
    server.stall(Phase.GREETING, times=1)
    async with connect(connections=1) as transport:
        first, second = sending(transport, 2)
        await server.reached(Phase.GREETING)

        first.cancel()
        await second

    assert [message.connection for message in server.messages] == [2]


async def test_a_sender_cancelled_while_waiting_leaves_its_turn_to_others(connect, server, sending):
    async with connect(connections=1) as transport:
        async with transport.session():
            first, second = sending(transport, 2)
            await asyncio.sleep(0)
            first.cancel()
        await second
        shown = repr(transport)

    assert first.cancelled()
    assert "0 busy, 1 idle, 0 waiting" in shown


async def test_a_sender_cancelled_with_a_connection_releases_it(connect, server, sending):
    async with connect(connections=1) as transport:
        async with transport.session():
            [first] = sending(transport)
            await asyncio.sleep(0)
        first.cancel()
        await send(transport)

    assert first.cancelled()
    assert [message.connection for message in server.messages] == [1]


@pytest.mark.parametrize("most", [1, 2])
async def test_a_server_that_accepts_no_more_connections_is_sent_to_over_those(
    most, connect, server, sending, caplog
):
    caplog.set_level("INFO")
    server.answer(Phase.GREETING, "421 4.7.0 too many connections", nth=most + 1, times=99)
    async with connect(connections=4) as transport:
        outcomes = await asyncio.gather(*sending(transport, 9))

    assert {outcome.answers[BOB].result for outcome in outcomes} == {Result.ACCEPTED}
    assert {message.connection for message in server.messages} <= set(range(1, most + 1))
    assert f"accepts no more than {most} connections" in caplog.text
    assert "delivery paused" not in caplog.text


async def test_a_crowded_server_gets_a_new_connection_only_after_the_old_one_is_closed(
    connect, server, sending
):
    server.answer(Phase.GREETING, "421 4.7.0 too many connections", nth=2)
    server.stall(Phase.END_OF_DATA, times=1)
    server.stall(Phase.QUIT, times=1)
    async with connect(connections=2, max_emails=1) as transport:
        tasks = sending(transport, 2)
        await server.reached(Phase.GREETING, 2)
        await server.reached(Phase.END_OF_DATA)
        server.resume()
        await server.reached(Phase.QUIT)
        connections_so_far = server.connections
        server.resume()
        await asyncio.gather(*tasks)

    assert connections_so_far == 2
    assert [message.connection for message in server.messages] == [1, 3]


async def test_a_closed_pool_rejects_everyone(connect, server, sending):
    server.stall(Phase.GREETING)
    async with connect(connections=1) as transport:
        tasks = sending(transport, 2)
        await server.reached(Phase.GREETING)
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(end) for end in ends] == [ServerOutage, ServerOutage]
    with pytest.raises(ServerOutage, match="closed"):
        await send(transport)


async def test_a_connection_that_opens_after_the_pool_closed_is_not_left_open(
    connect, server, sending
):
    server.delay(Phase.EHLO, 0.05)
    async with connect() as transport:
        [task] = sending(transport)
        await server.reached(Phase.EHLO)
    ends = await asyncio.gather(task, return_exceptions=True)
    await server.idle()

    assert isinstance(ends[0], ServerOutage)


async def test_a_slow_quit_delays_no_message(connect, server):
    server.stall(Phase.QUIT)
    async with connect(max_emails=1) as transport:
        first = await send(transport)
        await server.reached(Phase.QUIT)
        second = await send(transport)

    assert first.answers[BOB].result is second.answers[BOB].result is Result.ACCEPTED
    await server.idle()


async def test_its_repr_shows_its_figures(connect, server):
    async with connect(connections=2) as transport, transport.session():
        shown = repr(transport)

    where = f"{server.host}:{server.port}"
    assert shown == f"<SMTPTransport {where} 1 busy, 0 idle, 0 waiting; <Breaker closed>>"
