"""Counts of how attempts ended: exact, whatever ended them, and kept when messages are pruned."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import select

from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.delivery.retry import Retry
from quartapp.mail.outbox.counts import BY_THE_MINUTE, KEPT, Count, add, roll_up
from quartapp.mail.outbox.tables import counts
from quartapp.mail.outbox.workers import WorkerId
from quartapp.mail.settings import MailSettings
from tests.mail.outbox.sample import (
    ACCEPTED,
    ADA,
    BOB,
    DAY,
    HOUR,
    LATER,
    MINUTE,
    NEVER,
    NOW,
    UNSURE,
    attempt,
    failing,
    heir,
    judged,
    new,
)

THIS = NOW.replace(second=0, microsecond=0)


async def rows(outbox):
    """What the table has: by outcome and beginning, the sum of all workers."""
    found: Counter[tuple[str, object]] = Counter()
    async with outbox.database.reading() as connection:
        for row in await connection.execute(select(counts)):
            found[row.outcome, row.starts_at] += row.number
    return dict(found)


async def totals(outbox):
    """What the table has of each outcome."""
    found: Counter[str] = Counter()
    for (outcome, _), number in (await rows(outbox)).items():
        found[outcome] += number
    return dict(found)


async def add_up(outbox):
    """What the pruner does to counts."""
    return await roll_up(outbox.database, outbox.worker.queue, outbox.now())


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((ACCEPTED,), "sent"),
        ((LATER,), "deferred"),
        ((NEVER,), "failed"),
        ((UNSURE,), "uncertain"),
        ((ACCEPTED, LATER), "deferred"),
        ((ACCEPTED, NEVER), "failed"),
    ],
)
async def test_an_attempt_is_counted_by_how_it_ended(outbox, answers, outcome):
    await outbox.enqueue(new(*(ADA, BOB)[: len(answers)]))

    await attempt(outbox, *answers)

    assert await rows(outbox) == {(outcome, THIS): 1}


async def test_any_number_in_one_minute_is_counted_exactly(outbox, clock):
    for number in range(7):
        await outbox.enqueue(new(subject=str(number)))
        await attempt(outbox, LATER)
    first = await rows(outbox)

    clock.go_on(HOUR)
    await attempt(outbox, LATER)

    assert first == {("deferred", THIS): 7}
    assert await totals(outbox) == {"deferred": 14}


async def test_a_message_that_expired_is_counted_as_failed(outbox, clock, serve, url):
    await outbox.enqueue(new(expires_at=NOW + MINUTE, due_at=NOW + HOUR))
    async with serve(url) as mail:
        await mail.drain()

        assert await totals(mail.outbox) == {"failed": 1}


async def test_a_cancelled_message_is_counted_once_whoever_held_it(outbox, clock):
    waiting = await outbox.enqueue(new(due_at=NOW + DAY))
    held = await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims
    await outbox.cancel([waiting.id, held.id])

    await outbox.record([judged(claim, clock.now(), LATER)])
    await outbox.cancel([waiting.id, held.id])

    assert await totals(outbox) == {"cancelled": 2}


async def test_a_message_cancelled_under_a_dead_owner_is_counted(outbox, other):
    queued = await outbox.enqueue(new())
    await outbox.claim(1)
    await outbox.cancel([queued.id])

    await heir(other)

    assert await totals(outbox) == {"cancelled": 1}


async def test_what_a_process_releases_is_not_counted(outbox, clock):
    await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims

    await outbox.record([Retry(MailSettings(), clock.now()).release(claim)])

    assert await totals(outbox) == {}


async def test_an_outcome_that_is_not_ours_is_not_counted(outbox, other, clock):
    await outbox.enqueue(new())
    [stale] = (await outbox.claim(1)).claims
    [claim] = (await heir(other)).claims

    await other.record([judged(claim, clock.now(), ACCEPTED)])
    await outbox.record([judged(stale, clock.now(), NEVER)])

    assert await totals(outbox) == {"sent": 1}


async def test_a_retry_by_a_person_takes_nothing_back(outbox):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    await outbox.retry([queued.id])

    await attempt(outbox, ACCEPTED)

    assert await totals(outbox) == {"failed": 1, "sent": 1}


async def test_suppressed_messages_are_counted_apart_with_their_transaction(outbox, database):
    async with database.transaction() as session:
        several = [new(backend=SUPPRESSED) for _ in range(3)]
        await outbox.enqueue_all(several, session)
        await outbox.enqueue(new(backend=SUPPRESSED, key="tea"), session)
        await outbox.enqueue(new(backend=SUPPRESSED, key="tea"), session)
    async with failing(database) as session:
        await outbox.enqueue(new(backend=SUPPRESSED), session)

    assert await totals(outbox) == {"suppressed": 4}


async def test_pruned_messages_stay_counted(outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    clock.go_on(40 * DAY)

    assert await outbox.prune() == 1
    assert await totals(outbox) == {"sent": 1}


async def test_workers_write_rows_of_their_own(outbox, other):
    for each in (outbox, other):
        await each.enqueue(new())
        await attempt(each, ACCEPTED)

    async with outbox.database.reading() as connection:
        found = {row.worker: row.number for row in await connection.execute(select(counts))}

    assert found == {outbox.worker.name: 1, other.worker.name: 1}


async def test_after_two_days_minutes_become_hours_and_nothing_is_lost(outbox, other, clock):
    async with outbox.database.writing() as connection:
        for worker in ("a", "b"):
            events = [(Count.SENT, NOW + number * MINUTE) for number in range(70)]
            await add(connection, WorkerId("default", worker), events)
    clock.go_on(BY_THE_MINUTE + HOUR)

    await asyncio.gather(add_up(outbox), add_up(other))
    again = await add_up(outbox)

    hour = THIS.replace(minute=0)
    assert await totals(outbox) == {"sent": 140}
    assert (await rows(outbox))["sent", hour] == 120
    assert (await rows(outbox))["sent", hour + HOUR] == 2
    assert again == 0


async def test_what_two_processes_roll_up_at_once_is_added_once(outbox, other, clock):
    async with outbox.database.writing() as connection:
        for worker in range(40):
            whose = WorkerId("default", str(worker))
            await add(connection, whose, [(Count.FAILED, NOW), (Count.SENT, NOW)])
    clock.go_on(3 * DAY)

    gone = await asyncio.gather(*(add_up(each) for each in (outbox, other) * 3))

    assert sum(gone) == 80
    hour = THIS.replace(minute=0)
    assert await rows(outbox) == {("failed", hour): 40, ("sent", hour): 40}


async def test_counts_are_deleted_after_400_days(outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    clock.go_on(KEPT - HOUR)
    await add_up(outbox)
    kept = await totals(outbox)

    clock.go_on(2 * HOUR)
    await add_up(outbox)

    assert (kept, await totals(outbox)) == ({"failed": 1}, {})
