"""What delivery starts outlives the request that it is started in, and must not hold it."""

from __future__ import annotations

import asyncio

import pytest

from quartapp.database import Database
from quartapp.database.batching import Batcher
from quartapp.mail.clock import SystemClock
from quartapp.mail.delivery.dispatcher import Dispatcher
from quartapp.mail.outbox import Outbox
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports.memory import MemoryTransport
from tests.mail.requests import Request


@pytest.fixture
async def dispatcher(sqlite_url):
    async def ignore(*_):
        pass

    settings, clock, transport = MailSettings(), SystemClock(), MemoryTransport()
    database = Database(sqlite_url)
    dispatcher = Dispatcher(
        settings,
        Outbox(database, settings, clock),
        clock,
        transport=lambda: transport,
        breaker=transport.breaker,
        on_record=ignore,
        on_end=lambda _: None,
    )
    yield dispatcher
    await dispatcher.stop(transport.close)
    await database.dispose()


async def test_a_running_dispatcher_does_not_hold_the_request_that_started_it(dispatcher):
    request = Request()

    async def start():
        dispatcher.start()

    await request.run(start())

    assert dispatcher.is_running
    assert not await request.is_held()


async def test_a_batch_that_is_written_does_not_hold_a_request():
    begun, written = asyncio.Event(), asyncio.Event()

    async def write(items):
        begun.set()
        await written.wait()
        return items

    async def leave_early(batcher):
        adding = asyncio.ensure_future(batcher.add("item"))
        await begun.wait()
        adding.cancel()

    request, batcher = Request(), Batcher(write)
    await request.run(leave_early(batcher))

    assert not await request.is_held()
    written.set()
    await batcher.abandon()
