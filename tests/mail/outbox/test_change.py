"""Retry and cancel, as a person asks."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, text

from quartapp.mail import Status
from quartapp.mail.outbox.tables import messages
from quartapp.mail.settings import OnUncertain
from tests.mail.outbox.sample import (
    ACCEPTED,
    ADA,
    BOB,
    DAY,
    HOUR,
    LATER,
    NEVER,
    UNSURE,
    attempt,
    judged,
    new,
)


async def test_a_cancelled_message_is_never_claimed(outbox):
    queued = await outbox.enqueue(new())

    changed = await outbox.cancel([queued.id])
    found = await outbox.get(queued.id)

    assert (changed, (await outbox.claim(1)).claims) == ([queued.id], ())
    assert (found.status, found.due_at, found.detail) == ("cancelled", None, f"{ADA}: cancelled")
    assert [recipient.status for recipient in found.recipients] == ["cancelled"]


async def test_a_message_that_some_accepted_is_cancelled_for_the_others(outbox):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, ACCEPTED, LATER)

    await outbox.cancel([queued.id])
    found = await outbox.get(queued.id)

    assert [recipient.status for recipient in found.recipients] == ["sent", "cancelled"]
    assert (found.status, found.detail) == (
        Status.CANCELLED,
        f"1 of 2 accepted; {BOB}: 451 4.7.1 later",
    )


async def test_a_cancelled_message_that_failed_for_some_has_failed(outbox):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, NEVER, LATER)

    await outbox.cancel([queued.id])

    assert (await outbox.get(queued.id)).status is Status.FAILED


async def test_a_cancelled_message_with_an_uncertain_recipient_stays_uncertain(outbox):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, UNSURE, LATER)

    await outbox.cancel([queued.id])
    found = await outbox.get(queued.id)

    assert (found.status, found.is_final) == (Status.UNCERTAIN, True)
    assert [recipient.due_at for recipient in found.recipients] == [None, None]


async def test_a_final_message_cannot_be_cancelled(outbox):
    queued = await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)

    assert await outbox.cancel([queued.id, "unknown"]) == []
    assert (await outbox.get(queued.id)).status is Status.SENT


async def test_cancelling_does_not_interrupt_an_attempt(outbox):
    queued = await outbox.enqueue(new())
    await outbox.claim(1)

    changed = await outbox.cancel([queued.id])

    assert (changed, (await outbox.get(queued.id)).status) == ([queued.id], Status.SENDING)


async def test_a_failed_message_is_retried_for_those_who_did_not_accept_it(outbox, clock):
    queued = await outbox.enqueue(new(ADA, BOB, "cy@example.com"))
    await attempt(outbox, ACCEPTED, NEVER, UNSURE, on_uncertain=OnUncertain.HOLD)

    changed = await outbox.retry([queued.id])
    [claim] = (await outbox.claim(1)).claims

    assert changed == [queued.id]
    assert claim.due(clock.now()) == (BOB, "cy@example.com")


async def test_a_retry_restarts_give_up(outbox, clock):
    queued = await outbox.enqueue(new())
    clock.go_on(6 * DAY)
    await attempt(outbox, LATER)

    given_up = await outbox.get(queued.id)
    await outbox.retry([queued.id])
    [written] = await attempt(outbox, LATER)

    assert (given_up.status, written.status) == (Status.FAILED, Status.QUEUED)
    assert (written.claim.since, written.first_attempt_at) == (clock.now(), clock.now())
    assert written.attempts == 2


async def test_an_expired_message_can_be_sent_after_all(outbox, clock):
    queued = await outbox.enqueue(new(expires_at=clock.now() + HOUR))
    await attempt(outbox, NEVER)
    clock.go_on(DAY)

    await outbox.retry([queued.id])
    [claim] = (await outbox.claim(1)).claims

    assert not claim.has_expired(clock.now())


async def test_only_failed_and_uncertain_messages_are_retried(outbox):
    sent = await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    cancelled, waiting = await outbox.enqueue(new()), await outbox.enqueue(new())
    await outbox.cancel([cancelled.id])

    assert await outbox.retry([sent.id, cancelled.id, waiting.id, "unknown"]) == []


async def test_a_deleted_message_is_not_retried(outbox, clock):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    clock.go_on(100 * DAY)
    await outbox.prune()

    assert await outbox.retry([queued.id]) == []
    assert await outbox.get(queued.id) is None


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
@pytest.mark.parametrize("act", ["cancel", "record"])
async def test_messages_are_locked_in_one_order_so_that_there_is_no_deadlock(
    outbox, other, database, clock, act
):
    first, second = sorted([(await outbox.enqueue(new())).id for _ in range(2)])
    claims = (await outbox.claim(2)).claims
    await outbox.renew([claim for claim in claims if claim.id == first])
    acts = {
        "cancel": lambda: other.cancel([second, first]),
        "record": lambda: other.record([judged(claim, clock.now(), LATER) for claim in claims]),
    }

    async with database.writing() as connection, database.reading() as onlooker:
        await connection.execute(_locking(first))
        acting = asyncio.create_task(acts[act]())
        while not (await onlooker.execute(WAITING)).scalar_one():
            pass
        free = (await connection.execute(_locking(second))).all()

    await acting
    assert len(free) == 1


WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


def _locking(delivery_id):
    return (
        select(messages.c.id).where(messages.c.id == delivery_id).with_for_update(skip_locked=True)
    )
