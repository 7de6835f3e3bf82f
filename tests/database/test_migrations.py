"""Migrations: the app's tables and the mail service's, each with a version of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, inspect

from quartapp.cli.db import AppTables
from quartapp.database import Database
from quartapp.mail import include_object, metadata
from quartapp.mail.clock import SystemClock
from quartapp.mail.outbox import Outbox
from quartapp.mail.settings import MailSettings
from quartapp.models import MIGRATIONS, Base

TABLES = {
    "alembic_version",
    "mail_alembic_version",
    "mail_attempts",
    "mail_contents",
    "mail_counts",
    "mail_key_secret",
    "mail_keys",
    "mail_logins",
    "mail_messages",
    "mail_recipients",
    "mail_workers",
    "roles",
    "users",
}

UPGRADE = """
import asyncio, logging, sys
logging.basicConfig(level=logging.INFO)
from quartapp.database import Database
from quartapp.mail.clock import SystemClock
from quartapp.mail.outbox import Outbox
from quartapp.mail.settings import MailSettings
from quartapp.models import MIGRATIONS

async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    await MIGRATIONS.upgrade(database)
    await Outbox(database, MailSettings(), SystemClock()).upgrade()
    await database.dispose()

asyncio.run(main())
"""


@pytest.fixture
async def database(database_url):
    """An open database without tables."""
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture(params=["app", "mail"])
def tables(request, database):
    """One of the two sets of tables."""
    return {
        "app": AppTables(database),
        "mail": Outbox(database, MailSettings(), SystemClock()),
    }[request.param]


async def upgraded(database):
    await MIGRATIONS.upgrade(database)
    await Outbox(database, MailSettings(), SystemClock()).upgrade()


async def shown(database, look):
    async with database.reading() as connection:
        return await connection.run_sync(look)


def table_names(connection):
    return set(inspect(connection).get_table_names())


def differences(wanted, **options):
    return lambda connection: compare_metadata(
        MigrationContext.configure(connection, opts=options), wanted
    )


def is_mail(item, name, type_, reflected, compare_to):
    return not include_object(item, name, type_, reflected, compare_to)


async def test_an_empty_database_gets_all_tables(database):
    await upgraded(database)

    assert await shown(database, table_names) == TABLES


async def test_each_set_of_tables_knows_its_version(tables):
    before = await tables.revisions()
    await tables.upgrade()

    after = await tables.revisions()

    assert before == (None, after[1])
    assert after == (after[1], after[1])


async def test_an_upgrade_may_be_repeated(tables):
    await tables.upgrade()
    once = await tables.revisions()

    await tables.upgrade()

    assert await tables.revisions() == once


async def test_several_processes_may_upgrade_at_once(database, database_url):
    processes = [await _process(database_url) for _ in range(2)]

    said = await asyncio.gather(*(each.communicate(b"go\n") for each in processes))

    assert [each.returncode for each in processes] == [0, 0], said
    assert await shown(database, table_names) == TABLES


async def test_an_upgrade_waits_for_who_holds_the_lock(tmp_path):
    path, refused = tmp_path / "messages.sqlite", asyncio.Event()
    database = Database(f"sqlite+aiosqlite:///{path}", patience=0.01)
    event.listen(database.writer.sync_engine, "handle_error", lambda _: refused.set())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        upgrading = asyncio.create_task(MIGRATIONS.upgrade(database))
        await refused.wait()

    await upgrading

    assert await shown(database, table_names) == {"alembic_version", "roles", "users"}
    await database.dispose()


async def test_an_upgrade_says_nothing(sqlite_url):
    process = await _process(sqlite_url)

    _, stderr = await process.communicate(b"go\n")

    assert stderr == b""


async def test_the_apps_tables_are_as_its_models_say(database):
    await upgraded(database)

    found = await shown(database, differences(Base.metadata, include_object=include_object))

    assert found == []


async def test_the_mail_tables_are_as_their_schema_says(database):
    await upgraded(database)

    found = await shown(
        database,
        differences(metadata, include_object=is_mail, version_table="mail_alembic_version"),
    )

    assert found == []


async def test_without_our_filter_a_host_would_drop_the_mail_tables(database):
    await upgraded(database)

    found = await shown(database, differences(Base.metadata))

    assert {each[1].name for each in found if each[0] == "remove_table"} == {
        table for table in TABLES if table.startswith("mail_")
    }


async def _process(url):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPGRADE, url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await process.stdout.readline()
    return process
