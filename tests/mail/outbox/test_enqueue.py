"""Queueing a message: in whose transaction, and what is left of it when that ends."""

from __future__ import annotations

from sqlalchemy import func, select, text

from quartapp.mail import Status
from quartapp.mail.outbox.tables import contents, messages, recipients
from tests.mail.outbox.sample import ADA, BOB, HOUR, NOW, failing, new


async def test_a_queued_message_reads_back_as_it_was_told(outbox):
    queued = await outbox.enqueue(new(ADA, BOB, subject="Tea"))

    found = await outbox.get(queued.id)

    assert found == queued
    assert (found.status, found.attempts, found.due_at) == (Status.QUEUED, 0, NOW)
    assert [each.address for each in found.recipients] == [ADA, BOB]


async def test_the_bytes_come_back_as_they_were(outbox):
    message = new()

    queued = await outbox.enqueue(message)

    assert await outbox.load([queued.id]) == [message.encoded.content]


async def test_a_message_is_seen_by_others_only_after_the_commit(outbox, database):
    async with database.transaction() as session:
        queued = await outbox.enqueue(new(), session)
        before = await outbox.get(queued.id)

    after = await outbox.get(queued.id)

    assert (before, after) == (None, queued)


async def test_a_rolled_back_message_leaves_nothing(outbox, database):
    async with failing(database) as session:
        await outbox.enqueue(new(ADA, BOB), session)

    async with database.reading() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (messages, recipients, contents)
        ]
    assert counts == [0, 0, 0]


async def test_a_message_goes_with_its_savepoint(outbox, database):
    async with database.transaction() as session:
        stays = await outbox.enqueue(new(), session)
        savepoint = await session.begin_nested()
        goes = await outbox.enqueue(new(), session)
        await savepoint.rollback()

    assert await outbox.get(stays.id) == stays
    assert await outbox.get(goes.id) is None


async def test_a_message_inside_a_savepoint_goes_with_the_whole(outbox, database):
    async with failing(database) as session, session.begin_nested():
        queued = await outbox.enqueue(new(), session)

    assert await outbox.get(queued.id) is None


async def test_a_message_and_the_callers_own_row_are_one_transaction(outbox, database):
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS guests (name TEXT)"))

    async with failing(database) as session:
        await session.execute(text("INSERT INTO guests VALUES ('ada')"))
        await outbox.enqueue(new(), session)

    async with database.reading() as connection:
        guests = (await connection.execute(text("SELECT count(*) FROM guests"))).scalar_one()
    assert (guests, (await outbox.claim(1)).claims) == (0, ())


async def test_a_message_that_expires_before_it_is_due_is_looked_at_then(outbox):
    queued = await outbox.enqueue(new(due_at=NOW + 2 * HOUR, expires_at=NOW + HOUR))

    found = await outbox.get(queued.id)

    assert found.due_at == NOW + HOUR
    assert found.recipients[0].due_at == NOW + 2 * HOUR
