"""Processes that serve pages, deliver messages, or do both."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.browser import fetch, fill_in
from tests.crash.looking import ended

if TYPE_CHECKING:
    from quartapp.mail import Mail
    from tests.crash.conftest import Start

CONFIG = str(Path(__file__).parents[2] / "config.toml")
PAGE = r"(http://127.0.0.1:(?!0\b)\d+)"
SERVERS = {
    "hypercorn": ("hypercorn", "-c", CONFIG, "-b", "127.0.0.1:0", "quartapp.asgi:app"),
    "quart run": ("quart", "--app", "quartapp", "run", "--port", "0"),
    "quartapp run": ("quartapp", "run", "--port", "0"),
}

SCRATCH = "from quartapp import create_app\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite: what is tested here is the same on both."""
    return sqlite_url


async def test_a_worker_delivers_where_the_web_process_does_not(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    settings |= {"QUARTAPP_DISPATCH": "false"}
    web = start("quartapp", "run", "--port", "0", **settings)
    await web.says(PAGE)
    delivery = await keeper.send_later(message())

    start("quartapp", "mail", "work", **settings)
    done = await ended(keeper, delivery)

    assert (done.status, len(server.messages)) == (Status.SENT, 1)
    assert "message" not in web.said


async def test_in_development_a_worker_brings_messages_to_the_mailbox_of_the_page(
    start: Start, tmp_path: Path
) -> None:
    settings = {"FLASKY_ADMIN": "ada@example.com", "QUARTAPP_DISPATCH": "false"}
    web = start("quartapp", "run", "--port", "0", **settings)
    page = await web.says(PAGE)
    worker = start("quartapp", "mail", "work", **settings)
    await worker.says("(the development mailbox)")

    await asyncio.to_thread(fill_in, page, "Ada")
    await worker.says("message (.+) sent")

    mailbox = await asyncio.to_thread(fetch, f"{page}/dev/mail/messages.json")
    assert [each["subject"] for each in json.loads(mailbox)] == ["[Flasky] New User"]


async def test_a_second_ctrl_c_ends_a_worker_at_once(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    server.stall(Phase.END_OF_DATA)
    await keeper.send_later(message())
    worker = start("quartapp", "mail", "work", **settings)
    await server.reached(Phase.END_OF_DATA, timeout=30)

    worker.send(signal.SIGINT)
    await worker.says("(Stopping)")
    worker.send(signal.SIGINT)

    assert await worker.end() == -signal.SIGINT


async def test_a_worker_stopped_twice_still_waits_for_the_reply(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    server.stall(Phase.END_OF_DATA)
    delivery = await keeper.send_later(message())
    worker = start("quartapp", "mail", "work", **settings)
    await server.reached(Phase.END_OF_DATA, timeout=30)

    worker.send(signal.SIGTERM)
    await worker.says("(Stopping)")
    worker.send(signal.SIGTERM)
    server.resume()

    assert await worker.end() == 0
    assert (await keeper.get(delivery.id)).status is Status.SENT


async def test_what_is_not_answered_within_the_drain_time_is_uncertain(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    server.stall(Phase.END_OF_DATA)
    delivery = await keeper.send_later(message())
    worker = start("quartapp", "mail", "work", **settings, MAIL_DRAIN_TIMEOUT="0.2s")
    await server.reached(Phase.END_OF_DATA, timeout=30)

    worker.send(signal.SIGTERM)

    assert await worker.end() == 0
    assert (await keeper.get(delivery.id)).status is Status.UNCERTAIN


async def test_without_a_database_a_worker_does_not_start_and_says_why(
    start: Start, settings: dict[str, Any]
) -> None:
    nowhere = settings | {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}

    worker = start("quartapp", "mail", "work", **nowhere)

    assert await worker.end() == 1
    assert "cannot start: the database cannot be reached" in worker.said
    assert "Traceback" not in worker.said


@pytest.mark.parametrize("way", SERVERS.values(), ids=SERVERS)
async def test_an_open_stream_does_not_delay_the_stop(
    way: tuple[str, ...], start: Start, keeper: Mail, settings: dict[str, Any]
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    delivery = await keeper.send_later(message(), at=tomorrow)
    process = start(*way, **settings)
    host, port = (await process.says(PAGE)).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /deliveries/{delivery.id}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    await reader.readuntil(b"data:")

    process.send(signal.SIGTERM)
    async with asyncio.timeout(10):
        await process.end()
    writer.close()

    assert "Traceback" not in process.said


@pytest.mark.usefixtures("keeper")
async def test_a_response_without_end_does_not_hold_up_the_stop(
    start: Start, settings: dict[str, Any]
) -> None:
    """hypercorn itself waits for it, on Python 3.12 and later, for as long as the client likes."""
    process = start("endless", **settings)
    host, port = (await process.says(PAGE)).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"more")

    process.send(signal.SIGTERM)
    async with asyncio.timeout(20):
        code = await process.end()
    writer.close()

    assert (code, "Traceback" in process.said) == (0, False)


async def test_a_graceful_reload_sends_nothing_twice(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    server.stall(Phase.END_OF_DATA)
    delivery = await keeper.send_later(message())
    process = start(
        "quartapp", "run", "--port", "0", "--reload", **settings, QUARTAPP_CONFIG=config
    )
    await server.reached(Phase.END_OF_DATA, timeout=30)

    change(config)
    await process.says("(Stopping)")
    server.resume()
    await process.says(PAGE)

    assert (await keeper.get(delivery.id)).status is Status.SENT
    assert len(server.messages) == 1


async def test_a_reload_of_quart_itself_cuts_messages_off_and_loses_none(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch.py"
    scratch.write_text(SCRATCH)
    server.stall(Phase.RCPT, times=1)
    delivery = await keeper.send_later(message())
    start("quart", "--app", "scratch", "run", "--port", "0", "--reload", **settings)
    await server.reached(Phase.RCPT, timeout=30)

    change(scratch)
    done = await ended(keeper, delivery)

    assert (done.status, len(server.messages)) == (Status.SENT, 1)


def change(path: Path) -> None:
    """Save a file, with a time that no clock's coarseness hides."""
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
