"""The notifier: what one process queues, another sends at once, before its next poll."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import event, text

from quartapp.database import Database
from quartapp.mail import Status
from quartapp.mail.delivery.notifier import Notifier
from quartapp.mail.testing import message

PATIENCE = 30


@pytest.fixture
async def here(postgres_url):
    """One process's database."""
    database = Database(postgres_url)
    yield database
    await database.dispose()


@pytest.fixture
async def there(postgres_url):
    """Another process's."""
    database = Database(postgres_url)
    yield database
    await database.dispose()


@pytest.fixture
async def heard(there):
    """Set by every notification, and once when listening begins."""
    heard = asyncio.Event()
    notifier = Notifier(there)
    notifier.listen(heard.set)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    heard.clear()
    yield heard
    await notifier.close()


@pytest.fixture
async def notifier(here):
    """The notifier to notify with."""
    notifier = Notifier(here)
    yield notifier
    await notifier.close()


async def test_a_notification_of_another_application_is_not_heard(here, there):
    calls, called = [], asyncio.Event()

    def hear():
        calls.append("heard")
        called.set()

    listener = Notifier(there)
    listener.listen(hear)
    async with asyncio.timeout(PATIENCE):
        await called.wait()
    called.clear()
    # In one transaction, so that they arrive together: theirs, then ours.
    async with here.writing() as connection:
        await connection.execute(text("NOTIFY quartapp_mail, 'neighbour'"))
        await connection.execute(text("NOTIFY quartapp_mail, 'default'"))
    async with asyncio.timeout(PATIENCE):
        await called.wait()
    await listener.close()

    # Once when listening began, and once for ours.
    assert calls == ["heard", "heard"]


async def test_a_notification_is_of_the_queue_of_the_settings(serve, there, postgres_url):
    heard, listener = asyncio.Event(), Notifier(there, queue="shop")
    listener.listen(heard.set)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    heard.clear()

    async with serve(postgres_url, MAIL_QUEUE="shop", MAIL_DISPATCH=False) as mail:
        await mail.send_later(message())
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
    await listener.close()


async def test_a_ring_is_heard_in_another_process(notifier, heard):
    notifier.notify()

    async with asyncio.timeout(PATIENCE):
        await heard.wait()


async def test_a_thousand_rings_at_once_are_two(notifier, here):
    rings = []
    for each in here.engines:
        event.listen(each.sync_engine, "after_cursor_execute", lambda *_: rings.append(_[2]))

    for _ in range(1000):
        notifier.notify()
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await notifier._notifying

    assert rings == ["NOTIFY quartapp_mail, 'default'"] * 2


async def test_a_listener_is_back_when_the_database_is(notifier, heard, postgres):
    await asyncio.to_thread(postgres.restart)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    heard.clear()

    notifier.notify()

    async with asyncio.timeout(PATIENCE):
        await heard.wait()


async def test_a_notification_without_a_database_raises_nothing(notifier, heard, postgres):
    await asyncio.to_thread(postgres.stop)
    notifier.notify()
    async with asyncio.timeout(PATIENCE):
        await notifier._notifying

    await asyncio.to_thread(postgres.start)
    notifier.notify()

    async with asyncio.timeout(PATIENCE):
        await heard.wait()


async def test_listening_takes_no_connection_from_the_pool(there, heard):
    assert [each.pool.checkedout() for each in there.engines] == [0, 0]


async def test_a_message_queued_by_a_process_that_does_not_deliver_is_sent_at_once(
    serve, server, postgres_url
):
    async with (
        serve(postgres_url) as sender,
        serve(postgres_url, QUARTAPP_DISPATCH=False) as keeper,
    ):
        took = [await seconds_until_sent(keeper, sender) for _ in range(10)]

    # Queued when one was just found, a message would wait a whole second for the next look.
    assert len(server.messages) == 10
    assert min(took[1:]) < 0.5


async def seconds_until_sent(keeper, sender):
    began = time.monotonic()
    queued = await keeper.send_later(message())
    done = await sender.wait(queued, timeout=PATIENCE)
    assert done.status is Status.SENT
    return time.monotonic() - began


async def test_on_sqlite_there_is_no_notifier(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/messages.sqlite")
    notifier = Notifier(database)

    notifier.notify()
    notifier.listen(lambda: None)

    assert (notifier.works, notifier._notifying, notifier._listener) == (False, None, None)
    await database.dispose()
