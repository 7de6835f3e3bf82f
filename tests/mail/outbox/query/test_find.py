"""Finding: which messages, in which order, page by page."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.outbox import Filter
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, HOUR, NEVER, NOW, attempt, new


@pytest.fixture
async def five(outbox):
    """Two messages sent, one failed, two waiting; the oldest first."""
    sent = [await outbox.enqueue(new(ADA)), await outbox.enqueue(new(ADA, BOB))]
    await attempt(outbox, ACCEPTED)
    failed = await outbox.enqueue(new(BOB))
    await attempt(outbox, NEVER)
    waiting = [
        await outbox.enqueue(new(due_at=NOW + HOUR)),
        await outbox.enqueue(new(BOB, key="k")),
    ]
    return sorted(delivery.id for delivery in [*sent, failed, *waiting])


async def found(outbox, limit=50, **conditions):
    return [delivery.id for delivery in await outbox.find(Filter(**conditions), limit)]


async def test_the_newest_messages_come_first(outbox, five):
    assert await found(outbox) == five[::-1]


async def test_a_page_goes_on_behind_the_one_before(outbox, five):
    first = await found(outbox, 2)

    second = await found(outbox, 2, before=first[-1])

    assert first + second == five[:0:-1]


async def test_messages_are_found_by_state_recipient_key_and_id(outbox, five):
    by_status = await found(outbox, status=Status.SENT)
    by_recipient = await found(outbox, recipient=BOB)
    by_key, by_id = await found(outbox, key="k"), await found(outbox, ids=five[1:3])

    assert len(by_status) == 2
    assert len(by_recipient) == 3
    assert (len(by_key), by_id) == (1, five[2:0:-1])


async def test_every_condition_must_hold(outbox, five):
    both = await found(outbox, status=Status.SENT, recipient=BOB)
    none = await found(outbox, status=Status.CANCELLED, recipient=BOB)

    assert (len(both), none) == (1, [])


async def test_a_message_found_by_one_recipient_shows_all_of_them(outbox, five):
    [message] = await outbox.find(Filter(status=Status.SENT, recipient=BOB), 10)

    assert [recipient.address for recipient in message.recipients] == [ADA, BOB]


async def test_messages_are_counted_by_state(outbox, five):
    counted = await outbox.count()

    assert counted == dict.fromkeys(Status, 0) | {"sent": 2, "failed": 1, "queued": 2}


async def test_there_is_work_while_something_is_due(outbox, clock):
    idle = await outbox.has_work()
    await outbox.enqueue(new(due_at=NOW + HOUR))
    early = await outbox.has_work()

    clock.go_on(HOUR)

    assert (idle, early, await outbox.has_work()) == (False, False, True)


async def test_a_retry_that_is_due_is_work(outbox):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)

    await outbox.retry([queued.id])

    assert await outbox.has_work() is True


async def test_an_unknown_message_is_none(outbox):
    assert await outbox.get("unknown") is None
