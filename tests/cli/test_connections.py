"""The connections of `quartapp run`: silent ones are closed, and no more are open than fit."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from quart import Quart

from quartapp.cli import connections
from quartapp.cli.connections import FEWEST, FIRST_WORDS, Connections, most_connections
from quartapp.cli.listening import Listening
from quartapp.cli.served import Served
from tests.crash.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = REQUEST.replace(b"GET /", b"GET /slow")
BIG = REQUEST.replace(b"GET /", b"GET /big")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
PING = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8)
HALF_A_REQUEST = b"\x00\x00\x01\x01\x01\x00\x00\x00\x01\x82"
"""An HTTP/2 HEADERS frame that says that more will follow."""


class Server:
    """Connections that are being served, with a slow page that waits for `released`."""

    def __init__(
        self, connections: Connections, port: int, asked: asyncio.Event, released: asyncio.Event
    ) -> None:
        self.connections = connections
        self.port = port
        self.asked = asked
        self.released = released

    async def has(self, number: int) -> None:
        """Wait until there are as many connections."""

        async def is_so() -> bool:
            return len(self.connections) == number

        await until(is_so, lambda: f"{number} connections, not {len(self.connections)}")

    async def connect(self, said: bytes = b"", **tls: ssl.SSLContext) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **tls)
        writer.write(said)
        return reader, writer


@pytest.fixture
def serving(tmp_path):
    """Serve: `async with serving(most=2, keep_alive_timeout=0.1) as server`."""

    @asynccontextmanager
    async def serve(
        most: int = 100, stuck: float = 30, **settings: object
    ) -> AsyncIterator[Server]:
        app, asked, released = Quart("slow"), asyncio.Event(), asyncio.Event()

        @app.get("/")
        async def page() -> str:
            return "hello"

        @app.get("/slow")
        async def slow() -> str:
            asked.set()
            await released.wait()
            return "hello"

        @app.get("/big")
        async def big() -> bytes:
            return bytes(20_000_000)

        written = "\n".join(
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            for name, value in settings.items()
        )
        (tmp_path / "settings.toml").write_text(written)
        listening = Listening(tmp_path / "settings.toml", None, 0)
        port = int(listening.urls[0].rpartition(":")[2])
        connections = Connections(Served(app), listening, most, stuck=stuck)
        stop = asyncio.Event()
        accepting = asyncio.create_task(connections.serve(stop))
        yield Server(connections, port, asked, released)
        stop.set()
        await accepting
        await connections.end(0)
        assert len(connections) == 0

    return serve


async def answer(streams: Streams) -> bytes:
    """What the server says first."""
    async with asyncio.timeout(60):
        return (await streams[0].readline()).rstrip()


async def is_closed(streams: Streams) -> bool:
    """Whether the other side has closed it, at last."""
    reader, writer = streams
    try:
        async with asyncio.timeout(60):
            while await reader.read(1000):
                pass
    except ConnectionError:
        pass
    writer.close()
    return True


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HT", REQUEST, PREFACE, PREFACE + PING, PREFACE + HALF_A_REQUEST],
    ids=["nothing", "half a line", "one request", "preface", "ping", "half a request"],
)
async def test_a_silent_connection_is_closed(serving, said):
    async with serving(keep_alive_timeout=0.1) as server:
        assert await is_closed(await server.connect(said))


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nX: ", PREFACE])
async def test_a_trickle_is_no_request(serving, begin):
    async with serving(keep_alive_timeout=0.1) as server:
        reader, writer = await server.connect(begin)
        trickle = PING if begin is PREFACE else b"x"

        closing = asyncio.create_task(is_closed((reader, writer)))
        while not closing.done():
            writer.write(trickle)
            await asyncio.sleep(0.01)

        assert await closing


async def test_a_request_that_is_being_answered_is_no_silence(serving):
    async with serving(keep_alive_timeout=0.1) as server:
        slow = await server.connect(SLOW)
        await server.asked.wait()
        assert await is_closed(await server.connect(PREFACE))

        server.released.set()

        assert await answer(slow) == b"HTTP/1.1 200"
        slow[1].close()


async def test_a_client_that_takes_nothing_is_not_waited_for(serving):
    async with serving(stuck=0.1) as server:
        stuck = await server.connect(BIG)
        assert await answer(stuck) == b"HTTP/1.1 200"

        await server.has(0)
        stuck[1].close()


async def test_one_too_many_takes_the_place_of_the_one_silent_for_longest(serving):
    async with serving(most=2, keep_alive_timeout=1000) as server:
        first = await server.connect()
        second = await server.connect(PREFACE)

        third = await server.connect(REQUEST)

        assert await answer(third) == b"HTTP/1.1 200"
        assert await is_closed(first)
        await server.has(2)
        second[1].close()
        third[1].close()


async def test_a_request_is_not_cut_to_make_room(serving, monkeypatch):
    # One that was just looked at is not taken for silent, whatever it does.
    monkeypatch.setattr(connections, "LOOK_EVERY", 1000)
    async with serving(most=1, keep_alive_timeout=1000) as server:
        slow = await server.connect(SLOW)
        await server.asked.wait()
        more = [await server.connect(REQUEST) for _ in range(3)]
        await asyncio.sleep(1.5 * FIRST_WORDS)

        server.released.set()

        answers = [await answer(each) for each in [slow, *more]]
        assert answers == [b"HTTP/1.1 200"] * 4
        for _, writer in [slow, *more]:
            writer.close()


async def test_handshakes_count_and_are_closed(serving, authority, tmp_path):
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    files = {"certfile": str(tmp_path / "cert.pem"), "keyfile": str(tmp_path / "key.pem")}
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with serving(most=1, ssl_handshake_timeout=1000, **files) as server:
        silent = await server.connect()

        spoken = await server.connect(REQUEST, ssl=context, server_hostname="localhost")

        assert await answer(spoken) == b"HTTP/1.1 200"
        assert await is_closed(silent)
        spoken[1].close()
    async with serving(ssl_handshake_timeout=0.1, keep_alive_timeout=0.1, **files) as server:
        assert await is_closed(await server.connect())
        for said in (b"", REQUEST):  # looked at and cut, whatever is left of them
            assert await is_closed(
                await server.connect(said, ssl=context, server_hostname="localhost")
            )


async def test_stopping_waits_for_answers_and_for_nothing_else(serving):
    async with serving(keep_alive_timeout=1000) as server:
        clients = [await server.connect(said) for said in (b"", PREFACE, SLOW)]
        await server.has(3)
    for _, writer in clients:
        writer.close()


def test_some_file_descriptors_are_left_for_everything_else():
    assert most_connections(10) < most_connections(0)
    assert most_connections(10**9) == FEWEST


async def test_a_connection_that_its_client_closed_is_forgotten(serving):
    async with serving(keep_alive_timeout=1000) as server:
        clients = [await server.connect(said) for said in (b"", REQUEST, PREFACE)]
        await server.has(3)
        assert await answer(clients[1]) == b"HTTP/1.1 200"

        for _, writer in clients:
            writer.close()

        await server.has(0)


def test_on_uvloop_silent_connections_make_room_too(serving):
    uvloop = pytest.importorskip("uvloop")

    async def visit() -> bytes:
        async with serving(most=1, keep_alive_timeout=1000) as server:
            silent = await server.connect(PREFACE)
            spoken = await server.connect(REQUEST)
            said = await answer(spoken)
            assert await is_closed(silent)
            spoken[1].close()
            return said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(visit()) == b"HTTP/1.1 200"
