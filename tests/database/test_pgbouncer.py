"""PgBouncer in transaction mode: each transaction has another connection to the server."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from quart import Quart
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from quartapp.database import Database, DatabaseUnavailable
from quartapp.mail import Mail, MailError, Status
from quartapp.mail.delivery.notifier import Notifier, direct_address
from quartapp.mail.testing import message

PATIENCE = 60
WHICH = text("SELECT pg_backend_pid() + :nothing")
LISTENS = text(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = :name AND query LIKE 'LISTEN %'"
)


@pytest.fixture
def postgres_url(postgres):
    """A new database for each test: PgBouncer keeps its connections to the others."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
async def pooled(pooled_url):
    """A database that knows of the pooler."""
    database = Database(f"{pooled_url}&pgbouncer=true", patience=PATIENCE)
    yield database
    await database.dispose()


@pytest.fixture
async def unaware(pooled_url):
    """A database that takes the pooler for PostgreSQL."""
    database = Database(pooled_url, patience=PATIENCE)
    yield database
    await database.dispose()


async def ask(database, times=10):
    for _ in range(times):
        assert await database.first(WHICH, {"nothing": 0})
        async with database.session() as session:
            assert await session.scalar(WHICH, {"nothing": 0})


async def test_forty_tasks_share_two_connections_to_the_server(pooled):
    await asyncio.gather(*(ask(pooled) for _ in range(40)))


async def test_without_the_parameter_the_error_names_it(unaware):
    asking = (ask(unaware) for _ in range(40))

    errors = [error for error in await asyncio.gather(*asking, return_exceptions=True) if error]

    assert {type(error) for error in errors} == {DatabaseUnavailable}
    assert "add pgbouncer=true to the parameters of DATABASE_URL" in str(errors[0])


@pytest.mark.parametrize(
    "parameters", ["statement_cache_size=0", "prepared_statement_cache_size=0"]
)
async def test_a_cache_of_nothing_means_a_pooler(pooled_url, parameters):
    database = Database(f"{pooled_url}&{parameters}", patience=PATIENCE)

    await asyncio.gather(*(ask(database) for _ in range(40)))

    assert database.is_pooled
    await database.dispose()


async def test_an_engine_of_the_host_for_a_pooler_is_asked_in_transactions(pooled_url):
    engine = create_async_engine(
        pooled_url.replace("postgresql:", "postgresql+asyncpg:"),
        poolclass=NullPool,
        connect_args={"prepared_statement_name_func": lambda: f"__{uuid4()}__"},
    )
    database = Database.over(engine)

    await asyncio.gather(*(ask(database, 3) for _ in range(20)))

    assert database.is_pooled
    await engine.dispose()


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("options=-csearch_path%3Dpublic", "options"),
        ("search_path=public", "search_path"),
        ("statement_timeout=5s", "statement_timeout"),
    ],
)
async def test_what_it_refuses_at_startup_is_a_sentence_with_the_cure(pooled_url, parameter, name):
    database = Database(f"{pooled_url}&pgbouncer=true&{parameter}")

    with pytest.raises(DatabaseUnavailable) as refused:
        await database.first(WHICH, {"nothing": 0})

    assert f"PgBouncer refuses {name} when" in str(refused.value)
    assert "ignore_startup_parameters" in str(refused.value)
    await database.dispose()


@asynccontextmanager
async def serving(database, server, **settings):
    """The mail service of an app whose database waits for a connection as long as we do."""
    app = Quart(__name__)
    app.config.update(MAIL_SERVER=server.host, MAIL_PORT=server.port, MAIL_UPGRADE="always")
    app.config.update(MAIL_DEFAULT_SENDER="flasky@example.com", **settings)
    Mail(app, engine=database)
    async with app.test_app():
        yield app.extensions["mail"]


async def test_forty_messages_are_queued_at_once_and_sent(pooled, server, caplog):
    async with serving(pooled, server) as mail:
        queueing = (mail.send_later(message(subject=str(number))) for number in range(40))
        queued = await asyncio.gather(*queueing)
        done = [await mail.wait(each, timeout=PATIENCE) for each in queued]

    assert {each.status for each in done} == {Status.SENT}
    assert len(server.messages) == 40
    assert [each.message for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_without_the_parameter_a_caller_is_told_what_is_missing(pooled, unaware, server):
    async with serving(pooled, server, MAIL_DISPATCH=False):
        pass

    async def queue():
        async with serving(unaware, server, MAIL_DISPATCH=False) as mail:
            for _ in range(20):
                queueing = (mail.send_later(message()) for _ in range(40))
                for each in await asyncio.gather(*queueing, return_exceptions=True):
                    if isinstance(each, Exception):
                        raise each

    with pytest.raises(MailError, match="add pgbouncer=true"):
        await queue()


async def test_what_another_process_queues_is_found_by_the_poll(serve, pooled_url, caplog):
    url = f"{pooled_url}&pgbouncer=true"
    async with serve(url) as sender, serve(url, MAIL_DISPATCH=False) as keeper:
        done = await sender.wait(await keeper.send_later(message()), timeout=PATIENCE)

    assert done.status is Status.SENT
    assert len([each for each in caplog.records if "MAIL_NOTIFY_URL" in each.message]) == 1


async def test_a_direct_address_hears_what_goes_through_the_pooler(pooled, postgres_url):
    heard, listener, notifier = asyncio.Event(), listening(pooled, postgres_url), Notifier(pooled)
    listener.listen(heard.set)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    heard.clear()

    notifier.notify()

    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    await listener.close()
    await notifier.close()


async def test_what_another_process_queues_is_heard_at_a_direct_address(
    serve, pooled_url, postgres_url, caplog
):
    direct = Database(postgres_url)
    settings = {"MAIL_NOTIFY_URL": f"{postgres_url}&application_name=notifier"}
    async with serve(f"{pooled_url}&pgbouncer=true", **settings), asyncio.timeout(PATIENCE):
        while not await direct.first(LISTENS, {"name": "notifier"}):
            continue
    await direct.dispose()

    assert [each.message for each in caplog.records if "MAIL_NOTIFY_URL" in each.message] == []


def listening(database, url):
    return Notifier(database, direct_address(url))


async def test_an_engine_of_the_host_for_a_pooler_notifies(pooled_url, postgres_url):
    engine = create_async_engine(
        pooled_url.replace("postgresql:", "postgresql+asyncpg:"),
        connect_args={"prepared_statement_cache_size": 0, "statement_cache_size": 0},
    )
    database, heard = Database.over(engine), asyncio.Event()
    listener, notifier = listening(database, postgres_url), Notifier(database)
    listener.listen(heard.set)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    heard.clear()

    notifier.notify()

    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    await listener.close()
    await notifier.close()
    await engine.dispose()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:///app.sqlite", "MAIL_NOTIFY_URL is the address of a file"),
        ("postgresql://ada:hunter2@db/app?sslmode=full", "MAIL_NOTIFY_URL has sslmode, which"),
    ],
)
def test_a_direct_address_that_cannot_be_used_is_refused_at_once(url, complaint):
    app = Quart(__name__)
    app.config["MAIL_NOTIFY_URL"] = url

    with pytest.raises(ValueError, match=complaint) as refused:
        Mail(app)

    assert "hunter2" not in str(refused.value)


async def test_a_pooler_that_nobody_told_of_is_noticed_when_listening_begins(unaware, caplog):
    notifier, began = Notifier(unaware), asyncio.Event()

    notifier.listen(began.set)
    async with asyncio.timeout(PATIENCE):
        await began.wait()
    await notifier.close()

    assert [each.message for each in caplog.records if "MAIL_NOTIFY_URL" in each.message]


async def test_a_server_without_a_pooler_is_not_taken_for_one(postgres_url, caplog):
    database = Database(postgres_url)
    notifier, began = Notifier(database), asyncio.Event()

    notifier.listen(began.set)
    async with asyncio.timeout(PATIENCE):
        await began.wait()
    await notifier.close()

    assert [each.message for each in caplog.records if "MAIL_NOTIFY_URL" in each.message] == []
    await database.dispose()
