"""Pruning: what is deleted, and when."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event, func, select, text, update

from quartapp.mail import Status
from quartapp.mail.delivery.pruner import prune_for_ever
from quartapp.mail.outbox import Outbox, metadata
from quartapp.mail.outbox.deletes import BATCH, EndedMessages
from quartapp.mail.outbox.prune import Pruner
from quartapp.mail.outbox.tables import keys, messages
from quartapp.mail.settings import Backend, MailSettings, OnUncertain
from tests.mail.outbox.backlog import many_messages, their_content, their_recipient
from tests.mail.outbox.sample import (
    ACCEPTED,
    ADA,
    BOB,
    DAY,
    LATER,
    NEVER,
    NOW,
    UNSURE,
    attempt,
    new,
)


async def is_stored(outbox, delivery_id):
    return await outbox.get(delivery_id) is not None


@pytest.fixture
async def sixty(database):
    """Messages that ended long ago, with a recipient and a content each."""
    async with database.writing() as connection:
        await connection.execute(many_messages("old", 60, ended_at=NOW - 30 * DAY))
        await connection.execute(their_recipient(ADA, messages.c.id.like("old%")))
        await connection.execute(their_content())


@pytest.fixture
def deleter(database):
    """The engine that what is old is deleted with."""
    return (database.eraser.engine if database.eraser else database.writer).sync_engine


@pytest.fixture
def commits(deleter):
    """One entry for each transaction that was committed from now on."""
    commits = []
    event.listen(deleter, "commit", commits.append)
    return commits


@pytest.fixture
def pruner(database, clock):
    """A pruner whose transactions have the time that they need."""
    settings = MailSettings(backend=Backend.SMTP)
    return Pruner(lambda: database, settings, clock.now, longest=60)


@pytest.mark.parametrize(
    ("answer", "days"), [(ACCEPTED, 7), (NEVER, 90), (UNSURE, 90)], ids=["sent", "failed", "held"]
)
async def test_a_message_is_stored_as_long_as_its_state_asks_for(outbox, clock, answer, days):
    queued = await outbox.enqueue(new())
    await attempt(outbox, answer, on_uncertain=OnUncertain.HOLD)

    clock.go_on(days * DAY * 0.99)
    early = (await outbox.prune(), await is_stored(outbox, queued.id))
    clock.go_on(days * DAY * 0.01)
    late = (await outbox.prune(), await is_stored(outbox, queued.id))

    assert (early, late) == ((0, True), (1, False))


async def test_a_process_that_delivers_prunes_by_itself(outbox, clock):
    queued = await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    clock.go_on(7 * DAY)

    pruner = asyncio.create_task(prune_for_ever(outbox, first=0))
    async with asyncio.timeout(30):
        while await is_stored(outbox, queued.id):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    pruner.cancel()

    with pytest.raises(asyncio.CancelledError):
        await pruner


async def test_a_cancelled_message_is_deleted_as_early_as_a_sent_one(outbox, clock):
    queued = await outbox.enqueue(new())
    await outbox.cancel([queued.id])

    clock.go_on(7 * DAY)

    assert (await outbox.prune(), await is_stored(outbox, queued.id)) == (1, False)


@pytest.mark.parametrize("answers", [(ACCEPTED, LATER), (ACCEPTED, UNSURE)])
async def test_an_open_message_is_never_deleted(outbox, clock, answers):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, *answers)

    clock.go_on(1000 * DAY)

    assert (await outbox.prune(), await is_stored(outbox, queued.id)) == (0, True)


async def test_an_uncertain_message_that_will_be_resent_is_open_whenever_it_ended(
    outbox, database, clock
):
    queued = await outbox.enqueue(new())
    await attempt(outbox, UNSURE)
    async with database.writing() as connection:
        await connection.execute(update(messages).values(ended_at=NOW))

    clock.go_on(1000 * DAY)

    assert (await outbox.prune(), await is_stored(outbox, queued.id)) == (0, True)


async def test_nothing_of_a_deleted_message_is_in_any_table(outbox, database, clock):
    queued = await outbox.enqueue(new(ADA, BOB, subject="Zebra", key="stripes", template="zoo"))
    await attempt(outbox, NEVER, LATER)
    await outbox.cancel([queued.id])
    before = await dumped(database)

    clock.go_on(91 * DAY)
    await outbox.prune()

    after = await dumped(database)
    said = (ADA, BOB, "Zebra", "zebra", "stripes", "zoo", "Tea.", "no such user", "flasky@")
    assert [word for word in said if word not in before] == []
    assert [word for word in said if word in after] == []


async def test_of_a_deleted_message_only_a_key_is_remembered(outbox, database, clock):
    queued = await outbox.enqueue(new(key="k"))
    await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)

    clock.go_on(8 * DAY)
    await outbox.prune()

    async with database.reading() as connection:
        [row] = (await connection.execute(select(keys))).all()
    assert (row.delivery_id, row.message_id, row.status) == (
        queued.id,
        queued.message_id,
        Status.SENT,
    )
    assert await outbox.was_deleted(queued.id)


async def test_a_longer_retention_than_that_of_keys_is_respected(database, clock):
    settings = MailSettings(backend=Backend.SMTP, retention_failed=730 * DAY.total_seconds())
    outbox = Outbox(database, settings, clock)
    queued = await outbox.enqueue(new(key="k"))
    await attempt(outbox, NEVER)

    clock.go_on(400 * DAY)
    await outbox.prune()

    assert (await outbox.enqueue(new(key="k"))).recipients == (
        await outbox.get(queued.id)
    ).recipients


async def test_a_key_may_be_forgotten_with_its_message(database, clock):
    settings = MailSettings(backend=Backend.SMTP, key_retention=0.0)
    outbox = Outbox(database, settings, clock)
    first = await outbox.enqueue(new(key="k"))
    await attempt(outbox, ACCEPTED)

    clock.go_on(8 * DAY)
    await outbox.prune()

    assert (await outbox.enqueue(new(key="k"))).id != first.id


async def test_a_retried_message_is_stored_as_long_as_it_is_open(outbox, clock):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    await outbox.retry([queued.id])

    clock.go_on(100 * DAY)

    assert (await outbox.prune(), await is_stored(outbox, queued.id)) == (0, True)
    assert (await outbox.get(queued.id)).status is Status.QUEUED


@pytest.mark.usefixtures("sixty")
async def test_many_messages_are_deleted_in_several_transactions(pruner, commits):
    deleted = await pruner.prune()

    assert (deleted, len(commits)) == (60, 60 // BATCH)


@pytest.mark.usefixtures("sixty")
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_transaction_that_takes_long_leaves_the_rest_to_the_next(database, clock, commits):
    settings = MailSettings(backend=Backend.SMTP)
    pruner = Pruner(lambda: database, settings, clock.now, longest=0)

    pruning = asyncio.create_task(pruner.prune())
    async with asyncio.timeout(30):
        while len(commits) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    pruning.cancel()

    async with database.reading() as connection:
        left = (await connection.execute(select(func.count()).select_from(messages))).scalar_one()
    assert left == 60 - len(commits)


@pytest.mark.usefixtures("sixty")
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_pruning_does_not_make_the_log_longer(pruner, database, deleter):
    log, sizes = Path(f"{database.url.database}-wal"), []
    event.listen(deleter, "commit", lambda _: sizes.append(log.stat().st_size))

    await pruner.prune()

    assert (len(sizes), len(set(sizes))) == (60 // BATCH, 1)


@pytest.mark.usefixtures("sixty")
async def test_deleting_pauses_longer_where_it_takes_longer(pruner, deleter):
    seconds = asyncio.get_running_loop().time
    begun, commits = [], []
    event.listen(deleter, "begin", lambda _: begun.append(seconds()))
    event.listen(deleter, "commit", lambda _: Event().wait(0.03))  # a slow disk
    event.listen(deleter, "commit", lambda _: commits.append((begun[-1], seconds())))

    await pruner.prune()

    assert len(commits) == 60 // BATCH
    for (begin, end), (following, _) in pairwise(commits):
        assert following - end > min(9 * (end - begin), 1) * 0.99


async def test_a_message_that_was_retried_since_it_was_found_is_not_deleted(outbox, database):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    over = EndedMessages("default", Status.FAILED, before=NOW + DAY, now=NOW + DAY)
    async with database.reading() as connection:
        found = (await connection.execute(over.select())).all()
    await outbox.retry([queued.id])

    assert (len(found), await over.delete(database, found, longest=60)) == (1, 0)
    assert (await outbox.get(queued.id)).recipients


async def test_large_messages_are_deleted_one_at_a_time(outbox, database, commits):
    large = many_messages("large", 3, ended_at=NOW - 30 * DAY, size=5 * 1024 * 1024)
    async with database.writing() as connection:
        await connection.execute(large)
    commits.clear()

    deleted = await outbox.prune()

    assert (deleted, len(commits)) == (3, 3)


@pytest.mark.usefixtures("sixty")
async def test_two_processes_that_prune_at_once_delete_each_message_once(outbox, other):
    deleted = await asyncio.gather(outbox.prune(), other.prune())

    assert sum(deleted) + await outbox.prune() == 60


async def test_where_nothing_is_to_be_deleted_no_lock_is_taken(outbox, database):
    async with database.writing():
        assert await asyncio.create_task(outbox.prune()) == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_what_was_deleted_is_in_no_file(outbox, database, clock, url):
    path = database.url.database
    for number in range(30):
        to = f"agent-{number}@launch-code.example.com"
        message = new(to, subject=f"launch code {number}", key=to)
        content = b"Subject: Secret\r\n\r\n" + b"The launch code is 00000000. " * 100 * number
        await outbox.enqueue(replace(message, encoded=replace(message.encoded, content=content)))
    await attempt(outbox, ACCEPTED)
    before = said_in_files(path, b"launch")

    clock.go_on(8 * DAY)
    await outbox.prune()

    assert (before > 0, said_in_files(path, b"launch")) == (True, 0)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_reader_neither_stops_pruning_nor_is_disturbed(outbox, database, clock):
    await outbox.enqueue(new(subject="Zebra"))
    await attempt(outbox, ACCEPTED)
    clock.go_on(8 * DAY)
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM mail_messages").fetchone()
        deleted = await outbox.prune()
        after = reader.execute("SELECT count(*) FROM mail_messages").fetchone()

    await outbox.prune()

    assert (before, deleted, after) == ((1,), 1, (1,))
    assert said_in_files(database.url.database, b"Zebra") == 0


def said_in_files(path, word):
    """How often a SQLite database's files have a word."""
    return sum(Path(file).read_bytes().count(word) for file in (path, f"{path}-wal"))


async def dumped(database):
    """All that is in our tables, as text."""
    rows = []
    async with database.reading() as connection:
        for table in metadata.sorted_tables:
            rows += (await connection.execute(text(f"SELECT * FROM {table.name}"))).all()  # noqa: S608
    return repr(rows)
