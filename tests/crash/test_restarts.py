"""Databases that go away and come back, and that several processes share."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiosqlite
import pytest

from quartapp import create_app
from quartapp.mail import OutboxUnavailable, Status
from quartapp.mail.testing import message
from tests.crash.waiting import until
from tests.fixtures.disk import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quart import Quart

    from quartapp.mail import Mail
    from quartapp.mail.testing import SMTPServer
    from tests.crash.conftest import Start
    from tests.fixtures.postgres_server import PostgresServer

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]

RESTARTS = 4
BETWEEN_RESTARTS = 20
"""How many messages the server gets between two restarts."""

PROCESSES = 3
MESSAGES = 150


async def queue_on(mail: Mail, queued: set[str], enough: asyncio.Event) -> None:
    """Queue one message after another, whatever the database does; note those that were queued."""
    while not enough.is_set():
        with suppress(OutboxUnavailable):
            queued.add((await mail.send_later(message())).message_id)
        await asyncio.sleep(0)


@pytest.mark.timeout(120)
async def test_messages_survive_a_postgresql_that_crashes_again_and_again(
    serve: Serve, postgres: PostgresServer, postgres_url: str, server: SMTPServer
) -> None:
    queued: set[str] = set()
    enough = asyncio.Event()
    async with serve(postgres_url) as mail:
        load = asyncio.create_task(queue_on(mail, queued, enough))
        for _ in range(RESTARTS):
            await server.received(len(server.messages) + BETWEEN_RESTARTS, timeout=30)
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.start)
        enough.set()
        await load
        await mail.drain()
        states = await mail.stats()

    copies = Counter(each.message_id for each in server.messages)
    assert queued <= set(copies)
    assert set(copies.values()) == {1}
    assert states[Status.SENT] == sum(states.values()) == len(copies)


async def test_while_another_holds_the_lock_of_sqlite_the_form_says_so_and_then_recovers(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings = {"TESTING": True, "WTF_CSRF_ENABLED": False, "QUARTAPP_INSTANCE": str(tmp_path)}
    app = create_app(settings | {"DATABASE_URL": sqlite_url, "FLASKY_ADMIN": "ada@example.com"})
    file = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    async with app.test_app():
        async with aiosqlite.connect(file) as other:
            await other.execute("BEGIN IMMEDIATE")
            refused = await app.test_client().post("/", form={"name": "Ada"})

        accepted = await app.test_client().post("/", form={"name": "Ada"})

        assert refused.status_code == 503
        assert "Nothing was saved; please try again" in await refused.get_data(as_text=True)
        assert accepted.status_code == 302
        assert len(await app.extensions["mail"].find()) == 1


async def test_while_the_disk_is_full_the_form_says_so_and_then_recovers(
    small_disk: Path, tmp_path: Path
) -> None:
    settings = {"TESTING": True, "WTF_CSRF_ENABLED": False, "QUARTAPP_INSTANCE": str(tmp_path)}
    file = f"sqlite+aiosqlite:///{small_disk}/messages.sqlite"
    app = create_app(settings | {"DATABASE_URL": file, "FLASKY_ADMIN": "ada@example.com"})
    async with app.test_app():
        filler = fill(small_disk)
        # What is left of the last page takes some.
        codes = [await join(app, f"visitor {number}") for number in range(20)]
        filler.unlink()
        accepted = await join(app, "Ada")

        assert (codes[-1], accepted, set(codes) - {302}) == (503, 302, {503})
        assert len(await app.extensions["mail"].find()) == codes.count(302) + 1


async def join(app: Quart, name: str) -> int:
    """Fill in the form; the answer's code."""
    return (await app.test_client().post("/", form={"name": name})).status_code


async def test_several_processes_on_one_database_send_nothing_twice(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    workers = [start("quartapp", "mail", "work", **settings) for _ in range(PROCESSES)]
    for worker in workers:
        await worker.says("(delivers)")

    async with keeper.outbox.database.transaction() as session:
        for _ in range(MESSAGES):
            await keeper.send_later(message(), session=session)
    await until(lambda: are_sent(keeper, MESSAGES), lambda: "every message sent")
    for worker in workers:
        worker.send(signal.SIGTERM)

    assert [await worker.end() for worker in workers] == [0] * PROCESSES
    assert len({each.message_id for each in server.messages}) == len(server.messages) == MESSAGES


async def are_sent(mail: Mail, count: int) -> bool:
    """Whether so many messages are recorded as sent."""
    return (await mail.stats())[Status.SENT] == count
