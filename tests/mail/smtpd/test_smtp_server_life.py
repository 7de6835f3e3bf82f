"""Starting, stopping and waiting for the test server, and running it as a process."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from quartapp.mail.testing import Phase, ReceivedMessage, SMTPServer, messages_in

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path


async def test_a_stopped_server_refuses_and_comes_back_on_its_port(server: SMTPServer) -> None:
    port = server.port

    await server.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError, match="Connect call failed"):
        await post(server)
    await server.start()
    await post(server)

    assert (server.port, len(server.messages)) == (port, 1)


async def test_stopping_cuts_open_connections(server: SMTPServer) -> None:
    client = aiosmtplib.SMTP(hostname=server.host, port=server.port)
    await client.connect()

    await server.stop()

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.ehlo()
    assert server.open_connections == 0


async def test_starting_and_stopping_twice_is_once(server: SMTPServer) -> None:
    await server.start()
    await server.stop()
    await server.stop()
    await server.start()
    await post(server)

    assert len(server.messages) == 1


async def test_a_server_that_is_left_leaves_no_task_behind(server_context: ssl.SSLContext) -> None:
    before = asyncio.all_tasks()

    async with SMTPServer(tls=server_context) as server:
        server.stall(Phase.CONNECT, nth=2)
        streams = [await asyncio.open_connection(server.host, server.port) for _ in range(4)]
        await server.reached(Phase.CONNECT, 3)

    assert asyncio.all_tasks() == before
    for _, writer in streams:
        writer.close()


async def test_connections_that_were_only_just_made_are_cut_too(server: SMTPServer) -> None:
    streams = [await asyncio.open_connection(server.host, server.port) for _ in range(20)]

    await server.stop()

    assert server.open_connections == 0
    for _, writer in streams:
        writer.close()


async def test_a_message_that_never_comes_is_reported_with_what_came(server: SMTPServer) -> None:
    await post(server)

    with pytest.raises(TimeoutError, match=r"message number 2 was not seen within 0 s") as failure:
        await server.received(2, timeout=0)

    assert "messages: 1, connections: 1, of them open: " in str(failure.value)
    assert "RCPT TO:<bob@example.com>" in str(failure.value)


async def test_a_phase_that_was_never_reached_is_reported(server: SMTPServer) -> None:
    with pytest.raises(TimeoutError, match="AUTH number 1 was not seen"):
        await server.reached("AUTH", timeout=0)


async def test_waiting_for_what_has_happened_returns_at_once(server: SMTPServer) -> None:
    await post(server)

    taken = await server.received(1, timeout=0)

    assert len(taken) == 1
    await server.reached(Phase.END_OF_DATA, timeout=0)


async def test_a_failing_listener_is_reported_when_the_server_stops() -> None:
    def fail(_message: ReceivedMessage) -> None:
        raise ArithmeticError("a bug")

    server = SMTPServer(on_message=fail)
    await server.start()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await post(server)

    with pytest.raises(ArithmeticError):
        await server.stop()
    await server.__aexit__()


async def test_a_server_shows_its_state(server: SMTPServer) -> None:
    await post(server)
    await server.idle()

    counts = "messages: 1, connections: 1, of them open: 0"
    assert repr(server) == f"<SMTPServer 127.0.0.1:{server.port} listening, {counts}>"


async def test_a_server_in_a_process_of_its_own_logs_each_message_before_it_replies(
    tmp_path: Path,
) -> None:
    log = tmp_path / "messages.jsonl"
    async with a_process("--log", str(log), "--delay", "end_of_data=0.001") as server:
        await post(server)

        assert [taken.recipients for taken in messages_in(log)] == [("bob@example.com",)]


async def test_a_server_of_its_own_process_needs_no_log() -> None:
    async with a_process("--port", "0") as server:
        await post(server)


@asynccontextmanager
async def a_process(*arguments: str) -> AsyncIterator[SMTPServer]:
    """Where a server listens that is started as in the README, and ends on SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "quartapp.mail.testing", *arguments, stdout=asyncio.subprocess.PIPE
    )
    host, port = (await process.stdout.readline()).decode().split(":")
    yield SMTPServer(int(port), host=host)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


def test_a_line_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    log = tmp_path / "messages.jsonl"

    log.write_text('{"sender": "ada@exa')

    assert messages_in(log) == []
    assert messages_in(tmp_path / "none.jsonl") == []


async def post(server: SMTPServer) -> None:
    await aiosmtplib.send(
        b"Subject: Tea\r\n\r\n",
        sender="ada@example.com",
        recipients=["bob@example.com"],
        hostname=server.host,
        port=server.port,
    )
