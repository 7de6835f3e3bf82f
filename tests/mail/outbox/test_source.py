"""Where the outbox's database comes from."""

from __future__ import annotations

import asyncio
import gc
import logging
import stat

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import StaticPool

from quartapp.database import Database
from quartapp.mail import MailError, MailService, PlainHost, Status
from quartapp.mail.testing import message
from quartapp.mail.transports.memory import MemoryTransport
from quartapp.settings.keys import SettingError


@pytest.fixture
def host(server, tmp_path):
    """An app without a web framework, whose settings name no database."""
    config = {
        "MAIL_SERVER": server.host,
        "MAIL_PORT": server.port,
        "MAIL_DEFAULT_SENDER": "flasky@example.com",
    }
    return PlainHost(config, name="shop", folder=tmp_path / "instance")


async def sent(service):
    async with service.running():
        return (await service.wait(await service.send_later(message()), timeout=30)).status


async def test_the_service_runs_without_a_web_framework(host, server):
    service = MailService(host)

    assert await sent(service) is Status.SENT
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("settings", "level"), [({}, logging.WARNING), ({"DEBUG": True}, logging.INFO)]
)
async def test_without_an_address_it_is_a_file_and_the_log_says_where(
    host, tmp_path, caplog, settings, level
):
    caplog.set_level(logging.INFO)
    host.config.update(settings)

    await sent(MailService(host))

    path = tmp_path / "instance" / "mail.sqlite"
    [record] = [each for each in caplog.records if "are stored in" in each.message]
    assert (path.exists(), str(path) in record.message, record.levelno) == (True, True, level)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_the_address_in_the_settings_comes_before_the_file(host, tmp_path):
    host.config["DATABASE_URL"] = f"sqlite:///{tmp_path}/named.sqlite"

    await sent(MailService(host))

    assert (tmp_path / "named.sqlite").exists()
    assert not (tmp_path / "instance").exists()


async def test_a_database_is_shared_and_left_open(host, sqlite_url):
    database = Database(sqlite_url)
    service = MailService(host, engine=database)

    await sent(service)

    assert service.outbox.database is database
    async with database.reading() as connection:
        assert not connection.closed
    await database.dispose()


async def test_a_callable_is_asked_at_each_start(host, sqlite_url):
    made = []

    def engine():
        made.append(create_async_engine(sqlite_url))
        return made[-1]

    service = MailService(host, engine=engine)
    before = len(made)
    for _ in range(2):
        await sent(service)
        await made[-1].dispose()

    assert (before, len(made)) == (0, 2)


async def test_a_callable_that_gives_none_is_an_error_with_the_cure(host):
    service = MailService(host, engine=lambda: None)

    with pytest.raises(MailError, match="gave no engine: open the database in a before_serving"):
        await service.send_later(message())


async def test_something_else_than_an_engine_is_named(host):
    service = MailService(host, engine=lambda: "sqlite://")

    with pytest.raises(MailError, match="'sqlite://', which is no AsyncEngine"):
        await service.send_later(message())


def test_an_address_that_cannot_be_used_is_refused_at_once(host):
    host.config["DATABASE_URL"] = "mysql://localhost/shop"

    with pytest.raises(SettingError, match=r"DATABASE_URL in app\.config asks for mysql"):
        MailService(host)


async def test_a_folder_that_cannot_be_made_is_named_with_the_cure(host, tmp_path):
    (tmp_path / "instance").write_text("a file")

    with pytest.raises(MailError, match=r"cannot be made .*: set DATABASE_URL, or QUARTAPP_INST"):
        await MailService(host).send_later(message())


async def test_a_mailbox_whose_folder_cannot_be_made_does_not_start(host, sqlite_url):
    host.config.update(MAIL_BACKEND="mailbox", DEBUG=True, DATABASE_URL=sqlite_url)
    host.folder.write_text("a file")

    with pytest.raises(MailError, match=r"development mailbox cannot be used .*: set QUARTAPP_I"):
        await MailService(host).start()


async def test_a_message_that_is_sent_now_needs_no_database(host, server, tmp_path):
    await MailService(host).send(message())

    assert len(server.messages) == 1
    assert not (tmp_path / "instance").exists()


async def test_a_process_that_neither_delivers_nor_queues_needs_none(host, server, tmp_path):
    host.config["MAIL_DISPATCH"] = False
    service = MailService(host)

    async with service.running():
        await service.send(message())

    assert len(server.messages) == 1
    assert not (tmp_path / "instance").exists()


async def test_a_database_in_memory_is_refused_with_the_cure(host):
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    with pytest.raises(MailError, match=r"one connection for everybody.* use a file"):
        await MailService(host, engine=engine).send_later(message())


# Connections of a closed event loop can only be left to the garbage collector, which complains.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_in_another_event_loop_our_own_database_is_opened_anew(host, postgres_url):
    host.config.update(TESTING=True, DATABASE_URL=postgres_url)
    service = MailService(host)

    states = [asyncio.run(service.send_later(message())).status for _ in range(3)]

    assert states == [Status.SENT] * 3
    del service
    gc.collect()


async def test_tables_are_made_in_each_database_that_a_host_opens(host, tmp_path):
    host.config.update(TESTING=True, MAIL_DISPATCH=False)
    engines = [create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/{name}") for name in "ab"]
    service = MailService(host, engine=iter(engines).__next__)
    for engine in engines:
        async with service.running(), AsyncSession(engine) as session:
            queued = await service.send_later(message(), session=session)
            await session.commit()
            assert await service.get(queued.id) == queued
        await engine.dispose()


async def test_a_start_that_fails_leaves_nothing_started(host, sqlite_url):
    class Broken(MemoryTransport):
        breaker = property(lambda self: 1 / 0, lambda self, value: None)

    service = MailService(host, transport=Broken())
    with pytest.raises(ZeroDivisionError):
        await service.start()

    assert not service.worker.is_started
