"""Whether the mail tables are brought up to date, and what is said where they are not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from quartapp.database import Database
from quartapp.mail import MailError, MailService, OutboxUnavailable, PlainHost, metadata
from quartapp.mail.outbox.tables import messages
from quartapp.mail.testing import message

NEWEST = "m0001"


@pytest.fixture
async def database(database_url):
    """An open database without tables."""
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture
def service(database):
    """Make the mail service of an app over it: `service(MAIL_UPGRADE="never")`."""

    def made(**settings):
        config = {"MAIL_DEFAULT_SENDER": "flasky@example.com", **settings}
        return MailService(PlainHost(config), engine=database)

    return made


async def execute(database, *statements):
    async with database.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def started(service):
    async with service.running():
        return await service.revisions()


@pytest.mark.parametrize(
    "settings", [{"MAIL_UPGRADE": "always"}, {"DEBUG": True}, {"TESTING": True}]
)
async def test_a_start_upgrades_where_it_is_told_to_and_in_development(service, settings):
    assert await started(service(**settings)) == (NEWEST, NEWEST)


async def test_elsewhere_only_a_new_file_of_sqlite_is_upgraded(service, database):
    if database.is_sqlite:
        assert await started(service()) == (NEWEST, NEWEST)
        return
    with pytest.raises(MailError, match="the mail tables are missing in the database test_"):
        await started(service())


async def test_never_means_never(service):
    with pytest.raises(MailError, match=r"are missing in .*: run `quart --app … mail upgrade`"):
        await started(service(MAIL_UPGRADE="never"))


async def test_tables_of_the_newest_version_pass_the_check(service):
    await service().upgrade()

    assert await started(service(MAIL_UPGRADE="never")) == (NEWEST, NEWEST)


@pytest.mark.parametrize("policy", ["always", "never"])
async def test_tables_of_an_older_checkout_are_one_sentence_with_the_cure(
    service, database, policy
):
    await execute(
        database,
        "CREATE TABLE mail_alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO mail_alembic_version VALUES ('0001')",
        "CREATE TABLE mail_letters (id VARCHAR(32))",
    )

    with pytest.raises(MailError) as caught:
        await started(service(MAIL_UPGRADE=policy))

    sentence = str(caught.value)
    assert database.url.database in sentence
    assert "at version 0001, which this one does not know; move it away" in sentence


async def test_tables_made_by_create_all_have_their_version(service, database):
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)

    mail = service(MAIL_UPGRADE="never")

    assert await mail.revisions() == (NEWEST, NEWEST)
    await mail.upgrade()
    assert await started(mail) == (NEWEST, NEWEST)


async def test_tables_without_a_version_that_look_right_get_one(service, database):
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)
    await execute(database, "DROP TABLE mail_alembic_version")
    mail = service(MAIL_UPGRADE="never")

    unstamped = await started(mail)
    await mail.upgrade()

    assert (unstamped, await mail.revisions()) == ((None, NEWEST), (NEWEST, NEWEST))


@pytest.mark.parametrize("policy", ["always", "never"])
async def test_tables_without_a_version_that_differ_are_named(service, database, policy):
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)
    await execute(
        database,
        "DROP TABLE mail_alembic_version",
        f"ALTER TABLE {messages.name} DROP COLUMN wants_cancel",
    )

    with pytest.raises(MailError, match=r"\(add_column mail_messages.wants_cancel\): drop or ren"):
        await started(service(MAIL_UPGRADE=policy))


@pytest.mark.parametrize("act", ["send_later", "find"])
async def test_without_tables_a_method_says_what_to_run(service, act):
    mail = service()
    arguments = [message()] if act == "send_later" else []

    with pytest.raises(MailError, match=r"the mail tables are missing .*`await mail.upgrade\(\)`"):
        await getattr(mail, act)(*arguments)


async def test_without_tables_a_session_of_the_caller_says_so_too(service, database):
    with pytest.raises(MailError, match="the mail tables are missing"):
        async with database.transaction() as session:
            await service().send_later(message(), session=session)


async def test_a_database_that_is_away_is_a_mail_error():
    config = {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    service = MailService(PlainHost(config))

    with pytest.raises(OutboxUnavailable, match="cannot be reached"):
        await service.send_later(message())
    with pytest.raises(OutboxUnavailable, match="cannot be reached"):
        await service.report.figures()
    with pytest.raises(OutboxUnavailable, match="cannot be reached"):
        await started(service)
