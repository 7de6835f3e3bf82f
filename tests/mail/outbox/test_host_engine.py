"""The host's own engine: `Mail(engine=...)` works with what SQLAlchemy makes without our help."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.database import Database, DatabaseBusy
from quartapp.mail import Mail, MailError, MailService, OutboxUnavailable, PlainHost, Status
from quartapp.mail.outbox import Outbox
from quartapp.mail.outbox.tables import attempts, contents, recipients
from quartapp.mail.settings import Backend, MailSettings
from quartapp.mail.testing import message
from tests.mail.outbox.sample import DAY, NEVER, HandClock, attempt, new


@pytest.fixture
async def engine(url):
    """An engine as a host makes it."""
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def recipe(sqlite_url):
    """A SQLite engine that begins as SQLAlchemy's manual advises."""
    engine = create_async_engine(sqlite_url)

    @event.listens_for(engine.sync_engine, "connect")
    def leave_begin_to_us(connection, _record):
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN")

    yield engine
    await engine.dispose()


@pytest.fixture
def running(server):
    """Run a mail service over a host's engine."""

    @asynccontextmanager
    async def running(engine, **settings):
        app = Quart(__name__)
        app.config.update(MAIL_SERVER=server.host, MAIL_PORT=server.port, MAIL_SUPPRESS_SEND=False)
        app.config["MAIL_UPGRADE"] = "always"
        app.config.update(settings)
        Mail(app, engine=engine)
        async with app.test_app():
            yield app.extensions["mail"]

    return running


async def test_a_message_goes_all_the_way(running, engine, database, server):
    async with running(engine) as mail, AsyncSession(engine) as session:
        queued = await mail.send_later(message(), session=session)
        await session.commit()

        done = await mail.wait(queued, timeout=30)

    assert (done.status, len(server.messages)) == (Status.SENT, 1)


async def test_a_message_joins_the_hosts_transaction(running, engine, database):
    async with running(engine) as mail, AsyncSession(engine) as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS guests (name TEXT)"))
        queued = await mail.send_later(message(), session=session)
        await session.rollback()

        assert await mail.get(queued.id) is None


async def test_an_engine_made_by_the_recipe_works_too(running, recipe, server):
    async with running(recipe) as mail, AsyncSession(recipe) as session:
        async with session.begin_nested():
            queued = await mail.send_later(message(), session=session)
        await session.commit()

        done = await mail.wait(queued, timeout=30)

    assert (done.status, len(server.messages)) == (Status.SENT, 1)


async def test_a_savepoint_of_the_recipe_goes_with_the_whole(running, recipe):
    async with running(recipe) as mail, AsyncSession(recipe) as session:
        async with session.begin_nested():
            queued = await mail.send_later(message(), session=session)
        await session.rollback()

        assert await mail.get(queued.id) is None


async def test_a_savepoint_that_would_outlive_a_rollback_is_refused(running, sqlite_url):
    engine = create_async_engine(sqlite_url)

    async with running(engine) as mail, AsyncSession(engine) as session:
        with pytest.raises(MailError, match="savepoints may outlive a rollback"):
            async with session.begin_nested():
                await mail.send_later(message(), session=session)

        assert await mail.find() == []
    await engine.dispose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_write_of_ours_takes_the_lock_before_it_reads(engine, url):
    hasty = Database(url, patience=0.05)

    async with Database.over(engine).writing():
        with pytest.raises(DatabaseBusy):
            await Outbox(hasty, MailSettings(), HandClock()).enqueue(new())

    await hasty.dispose()


async def test_a_deleted_message_leaves_no_orphans(engine, database):
    clock = HandClock()
    outbox = Outbox(Database.over(engine), MailSettings(backend=Backend.SMTP), clock)
    await outbox.enqueue(new())
    await attempt(outbox, NEVER)

    clock.go_on(366 * DAY)
    await outbox.prune()

    async with database.reading() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (recipients, contents, attempts)
        ]
    assert counts == [0, 0, 0]


async def test_what_was_deleted_is_overwritten_in_a_hosts_file(sqlite_url):
    engine, clock = create_async_engine(sqlite_url), HandClock()

    @event.listens_for(engine.sync_engine, "connect")
    def leave_it_there(connection, _record):
        connection.execute("PRAGMA secure_delete = OFF")

    outbox = Outbox(Database.over(engine), MailSettings(backend=Backend.SMTP), clock)
    await outbox.upgrade()
    await outbox.enqueue(new(subject="Zebra"))
    await attempt(outbox, NEVER)
    before = content_of(engine.url.database)
    clock.go_on(91 * DAY)
    await outbox.prune()
    await engine.dispose()

    after = content_of(engine.url.database)
    assert (b"Zebra" in before, b"Zebra" in after) == (True, False)


async def test_a_message_beside_an_open_write_of_the_host_names_the_cure(sqlite_url, running):
    engine = create_async_engine(sqlite_url, connect_args={"timeout": 0.05})
    # Nobody delivers here: the host's own statements wait for no poll of the outbox.
    async with running(engine, MAIL_DISPATCH=False) as mail, AsyncSession(engine) as session:
        await session.execute(text("CREATE TABLE guests (name TEXT)"))
        await session.execute(text("INSERT INTO guests VALUES ('ada')"))

        with pytest.raises(MailError, match="with session=") as caught:
            await mail.send_later(message())

    await engine.dispose()
    assert not isinstance(caught.value, OutboxUnavailable)


async def test_many_at_once_share_a_hosts_engine(running, engine, database, server):
    async with running(engine) as mail:
        queued = await asyncio.gather(*(mail.send_later(message()) for _ in range(10)))

        for each in queued:
            await mail.wait(each, timeout=20)

    assert len(server.messages) == 10


async def test_a_message_that_fails_half_way_leaves_nothing_to_commit(recipe, sqlite_url):
    outbox = Outbox(Database.over(recipe), MailSettings(backend=Backend.SMTP), HandClock())
    await outbox.upgrade()
    async with AsyncSession(recipe) as session:
        await session.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON mail_contents "
                "BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        )
        with pytest.raises(DBAPIError, match="full"):
            await outbox.enqueue(new(), session)
        await session.commit()

    assert (await outbox.count())[Status.QUEUED] == 0


async def test_a_session_joins_the_schema_of_the_outbox(postgres_url):
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA mail"))
    app = Quart(__name__)
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com")
    mail_engine = engine.execution_options(schema_translate_map={None: "mail"})
    mail = Mail(app, engine=mail_engine)
    async with app.app_context(), AsyncSession(engine) as session:
        queued = await mail.send_later(message(), session=session)
        elsewhere = await session.scalar(text("SELECT to_regclass('public.mail_messages')"))
        await session.commit()

        assert (await mail.get(queued.id), elsewhere) == (queued, None)
    settings = {"TESTING": True, "MAIL_DEFAULT_SENDER": "flasky@example.com"}
    again = MailService(PlainHost(settings), engine=mail_engine)

    assert (await again.send_later(message())).status is Status.SENT
    await engine.dispose()


def test_the_same_name_at_another_port_is_another_database():
    mine, other = (create_async_engine(f"postgresql+asyncpg://db:{port}/app") for port in (1, 2))
    service = MailService(PlainHost({"TESTING": True, "MAIL_DEFAULT_SENDER": "a@b.c"}), engine=mine)

    with pytest.raises(MailError, match=r"on postgresql\+asyncpg://db:2/app.* engine=engine"):
        asyncio.run(service.send_later(message(), session=AsyncSession(other)))


async def test_a_session_without_an_engine_is_refused(recipe):
    service = MailService(PlainHost({"MAIL_DEFAULT_SENDER": "a@b.c"}), engine=recipe)

    with pytest.raises(MailError, match=r"pass AsyncSession\(engine\)"):
        await service.send_later(message(), session=AsyncSession())


def content_of(path):
    return Path(path).read_bytes()
