"""Idempotency keys: asked twice, stored once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.mail import MailError, Status
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.tables import key_secret, keys
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, DAY, NEVER, attempt, failing, new


async def test_the_same_key_returns_the_first_message(outbox):
    first = await outbox.enqueue(new(key="welcome"))

    second = await outbox.enqueue(new(key="welcome"))

    assert second == first
    assert (await outbox.count())[Status.QUEUED] == 1


@pytest.mark.parametrize(
    "other", [new(BOB, key="k"), new(ADA, BOB, key="k"), new(subject="Cake", key="k")]
)
async def test_a_key_belongs_to_one_message(outbox, other):
    await outbox.enqueue(new(key="k"))

    with pytest.raises(MailError, match="the key 'k' belongs to another message"):
        await outbox.enqueue(other)


async def test_a_taken_key_leaves_the_callers_transaction_alive(outbox, database):
    first = await outbox.enqueue(new(key="k"))

    async with database.transaction() as session:
        again = await outbox.enqueue(new(key="k"), session)
        other = await outbox.enqueue(new(), session)

    assert again == first
    assert await outbox.get(other.id) == other


async def test_one_key_twice_in_one_transaction_is_one_message(outbox, database):
    async with database.transaction() as session:
        first = await outbox.enqueue(new(key="k"), session)
        second = await outbox.enqueue(new(key="k"), session)

    assert second == first


async def test_fifty_at_once_with_one_key_store_one_message(outbox, other):
    asked = [each.enqueue(new(key="k")) for each in (outbox, other) for _ in range(25)]

    queued = await asyncio.gather(*asked)

    assert len({delivery.id for delivery in queued}) == 1
    assert len((await outbox.claim(100)).claims) == 1


async def test_a_key_of_a_rolled_back_message_is_free_again(outbox, database):
    async with failing(database) as session:
        await outbox.enqueue(new(key="k"), session)

    queued = await outbox.enqueue(new(subject="Another", key="k"))

    assert await outbox.get(queued.id) == queued


@pytest.mark.parametrize(
    ("answer", "status", "days"), [(ACCEPTED, Status.SENT, 8), (NEVER, Status.FAILED, 91)]
)
async def test_a_key_outlives_its_message(outbox, clock, answer, status, days):
    first = await outbox.enqueue(new(key="k"))
    await attempt(outbox, answer)
    clock.go_on(days * DAY)
    await outbox.prune()

    again = await outbox.enqueue(new(key="k"))

    assert again == replace(
        first,
        status=status,
        recipients=(),
        due_at=None,
        sent_at=None,
        detail="pruned",
        recipient_count=0,
    )
    assert await outbox.find(Filter(), 10) == []


async def test_a_key_that_outlives_its_message_still_belongs_to_it(outbox, clock):
    await outbox.enqueue(new(key="k"))
    await attempt(outbox, ACCEPTED)
    clock.go_on(8 * DAY)
    await outbox.prune()

    with pytest.raises(MailError, match="the key 'k' belongs to another message"):
        await outbox.enqueue(new(subject="Cake", key="k"))


async def test_a_key_is_free_a_year_after_its_message_was_deleted(outbox, clock):
    first = await outbox.enqueue(new(key="k"))
    await attempt(outbox, ACCEPTED)
    clock.go_on(8 * DAY)
    await outbox.prune()
    clock.go_on(364 * DAY)
    await outbox.prune()
    early = await outbox.enqueue(new(key="k"))
    clock.go_on(DAY)
    await outbox.prune()

    late = await outbox.enqueue(new(key="k"))

    assert early.id == first.id != late.id


async def test_who_asks_while_the_message_is_deleted_queues_no_second_one(outbox, other, clock):
    first = await outbox.enqueue(new(key="k"))
    await attempt(outbox, ACCEPTED)
    clock.go_on(8 * DAY)

    _, *again = await asyncio.gather(
        other.prune(), *(outbox.enqueue(new(key="k")) for _ in range(10))
    )

    assert {delivery.id for delivery in again} == {first.id}


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_who_sees_an_old_snapshot_queues_no_second_one(outbox, other, database, clock):
    first = await outbox.enqueue(new(key="k"))
    await attempt(outbox, ACCEPTED)
    clock.go_on(8 * DAY)

    engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
    async with AsyncSession(engine) as session:
        await session.execute(select(keys))
        await other.prune()
        with pytest.raises(DBAPIError, match="could not serialize"):
            await outbox.enqueue(new(key="k"), session)

    assert (await outbox.enqueue(new(key="k"))).id == first.id


@pytest.mark.parametrize("key", ["a\0b", "a\ud800b"])
async def test_a_key_that_no_database_stores_is_refused(outbox, key):
    with pytest.raises(MailError, match="leave it out"):
        await outbox.enqueue(new(key=key))


async def test_a_key_that_no_index_holds_is_refused(outbox):
    with pytest.raises(MailError, match="give at most 500"):
        await outbox.enqueue(new(key="ä" * 501))


async def test_the_longest_key_is_stored(outbox):
    queued = await outbox.enqueue(new(key="\N{GRINNING FACE}" * 500))

    assert await outbox.get(queued.id) == queued


async def test_processes_that_use_keys_for_the_first_time_have_one_secret(outbox, other, database):
    asked = [each.enqueue(new(key=key)) for key in "abc" for each in (outbox, other)]

    queued = await asyncio.gather(*asked)

    assert len({delivery.id for delivery in queued}) == 3
    assert len(await rows_of(database, key_secret)) == 1


async def test_a_secret_that_was_rolled_back_is_forgotten(outbox, other, database):
    async with failing(database) as session:
        await outbox.enqueue(new(key="k"), session)

    await other.enqueue(new(key="k"))
    again = await outbox.enqueue(new(key="k"))

    assert [again] == await outbox.find(Filter(key="k"), 2)


async def test_a_key_is_stored_once_more_only_as_an_hmac(outbox, database):
    await outbox.enqueue(new(key="a very private key"))

    [row] = await rows_of(database, keys)

    assert len(row.key_hash) == len(row.message_hash) == 32
    assert "private" not in repr(row)


async def rows_of(database, table):
    async with database.reading() as connection:
        return (await connection.execute(select(table))).all()
