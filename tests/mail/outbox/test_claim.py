"""Claiming: which messages, in which order, and by which owner."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from quartapp.mail import Status
from quartapp.mail.outbox import Outbox
from quartapp.mail.outbox.tables import messages
from quartapp.mail.settings import Backend, MailSettings
from tests.mail.outbox.sample import ADA, BOB, DAY, HOUR, LATER, MINUTE, NOW, attempt, heir, new


def ids(batch):
    return [claim.id for claim in batch.claims]


async def test_a_claim_holds_what_the_message_was_queued_with(outbox):
    queued = await outbox.enqueue(new(ADA, BOB, subject="Tea", expires_at=NOW + HOUR))

    [claim] = (await outbox.claim(10)).claims

    assert (claim.id, claim.subject, claim.sender) == (queued.id, "Tea", "flasky@example.com")
    assert (claim.recipients, claim.expires_at) == (queued.recipients, NOW + HOUR)
    assert (claim.attempts, claim.intent_at, claim.due(NOW)) == (0, None, (ADA, BOB))


async def test_a_claimed_message_is_being_sent_and_cannot_be_claimed_again(outbox, other):
    queued = await outbox.enqueue(new())

    await outbox.claim(10)

    assert ids(await other.claim(10)) == []
    assert ((await outbox.get(queued.id)).status, await outbox.has_work()) == (Status.SENDING, True)


async def test_messages_are_claimed_in_the_order_in_which_they_are_due(outbox):
    late, early, middle = [await outbox.enqueue(new(due_at=NOW - n * HOUR)) for n in (1, 3, 2)]

    batches = [await outbox.claim(1) for _ in range(3)]

    assert [ids(batch) for batch in batches] == [[early.id], [middle.id], [late.id]]


async def test_the_messages_of_one_claim_are_in_that_order_too(outbox):
    queued = [await outbox.enqueue(new(due_at=NOW - n * MINUTE)) for n in (5, 2, 9, 1, 7)]

    batch = await outbox.claim(10)

    assert ids(batch) == [queued[place].id for place in (2, 4, 0, 1, 3)]


async def test_messages_due_at_once_are_claimed_in_the_order_in_which_they_were_queued(outbox):
    queued = sorted([(await outbox.enqueue(new())).id for _ in range(5)])

    batch = await outbox.claim(10)

    assert ids(batch) == queued


async def test_a_message_is_not_claimed_before_it_is_due(outbox, clock):
    queued = await outbox.enqueue(new(due_at=NOW + HOUR))

    early = await outbox.claim(10)
    clock.go_on(HOUR)

    assert (ids(early), ids(await outbox.claim(10))) == ([], [queued.id])


async def test_a_claim_takes_no_more_than_it_may(outbox):
    for _ in range(5):
        await outbox.enqueue(new())

    first, rest = await outbox.claim(3), await outbox.claim(3)

    assert (len(first.claims), first.has_more) == (3, True)
    assert (len(rest.claims), rest.has_more) == (2, False)


async def test_a_backlog_of_new_messages_does_not_starve_a_retry(outbox, clock):
    tried = await outbox.enqueue(new())
    await attempt(outbox, LATER)
    for _ in range(5):
        await outbox.enqueue(new(due_at=NOW - DAY))
    clock.go_on(HOUR)

    batch = await outbox.claim(2)

    assert tried.id in ids(batch)
    assert len(batch.claims) == 3


async def test_a_backlog_of_retries_does_not_starve_a_new_message(outbox, clock):
    for _ in range(5):
        await outbox.enqueue(new())
    await attempt(outbox, LATER)
    clock.go_on(HOUR)
    fresh = await outbox.enqueue(new(due_at=clock.now()))

    batch = await outbox.claim(2)

    assert fresh.id in ids(batch)
    assert len(batch.claims) == 3


async def test_messages_of_dead_owners_and_retries_share_a_lane(outbox, clock):
    for _ in range(4):
        await outbox.enqueue(new())
    await outbox.claim(4)
    for _ in range(4):
        await outbox.enqueue(new())
    await attempt(outbox, LATER)
    clock.go_on(DAY)

    dead = {lease.token for lease in await outbox.leases()}
    batches = []
    for _ in range(4):
        lapsed = tuple(lease for lease in await outbox.leases() if lease.token in dead)
        batches.append(await outbox.claim(3, lapsed=lapsed))

    assert [len(batch.claims) for batch in batches] == [3, 3, 2, 0]


async def test_a_message_of_another_backend_is_not_claimed(outbox, database, clock):
    mailbox = Outbox(database, MailSettings(backend=Backend.MAILBOX), clock)
    ours, theirs = await outbox.enqueue(new()), await outbox.enqueue(new(backend="mailbox"))

    claimed = ids(await outbox.claim(10))

    assert (claimed, ids(await mailbox.claim(10))) == ([ours.id], [theirs.id])


async def test_work_of_another_backend_is_none_of_ours(outbox):
    await outbox.enqueue(new(backend="mailbox"))

    assert await outbox.has_work() is False


async def test_a_lapsed_lease_is_taken_over(outbox, other):
    queued = await outbox.enqueue(new())
    [dead] = (await outbox.claim(1)).claims

    [claim] = (await heir(other)).claims

    assert (claim.id, claim.recipients) == (queued.id, dead.recipients)
    assert claim.token != dead.token


async def test_no_time_of_day_has_a_lease_lapse(outbox, other, clock):
    await outbox.enqueue(new())
    await outbox.claim(1)
    clock.go_on(DAY)

    assert ids(await other.claim(1)) == []


async def test_a_lease_that_was_renewed_after_all_is_not_taken_over(outbox, other):
    await outbox.enqueue(new())
    batch = await outbox.claim(1)
    seen = tuple(await other.leases())
    renewed = await outbox.renew(batch.claims)

    claimed = await other.claim(1, lapsed=seen)

    assert renewed == {claim.key for claim in batch.claims}
    assert ids(claimed) == []


async def test_what_another_has_taken_over_is_not_taken_over_from_him(outbox, other):
    await outbox.enqueue(new())
    await outbox.claim(1)
    seen = tuple(await other.leases())
    await heir(outbox)

    assert ids(await other.claim(1, lapsed=seen)) == []


async def test_a_message_still_in_hand_is_not_claimed_although_it_is_due(outbox, other):
    """It was taken over, deferred, and is due again; its first owner has not noticed yet."""
    in_hand, free = [(await outbox.enqueue(new(due_at=NOW - HOUR * n))).id for n in (2, 1)]

    batches = [
        await outbox.claim(10, except_for=(in_hand,)),
        await outbox.claim(10, except_for=(in_hand,), only_expired=True),
    ]

    assert [ids(batch) for batch in batches] == [[free], []]


async def test_while_the_breaker_is_open_only_expired_messages_are_claimed(outbox, clock):
    await outbox.enqueue(new())
    expired = await outbox.enqueue(new(expires_at=NOW + HOUR))
    await outbox.enqueue(new(expires_at=NOW + DAY))
    clock.go_on(HOUR)

    batch = await outbox.claim(10, only_expired=True)

    assert ids(batch) == [expired.id]


async def test_an_expired_message_that_waits_for_a_retry_is_claimed(outbox, clock):
    queued = await outbox.enqueue(new(expires_at=NOW + MINUTE / 2))
    await attempt(outbox, LATER)
    clock.go_on(MINUTE / 2)

    batch = await outbox.claim(10, only_expired=True)

    assert ids(batch) == [queued.id]
    assert batch.claims[0].has_expired(clock.now())


async def test_several_claimers_at_once_never_share_a_message(outbox, other):
    queued = {(await outbox.enqueue(new())).id for _ in range(60)}

    batches = await asyncio.gather(*(each.claim(5) for each in (outbox, other) for _ in range(8)))
    rest = await outbox.claim(60)

    claimed = [delivery_id for batch in [*batches, rest] for delivery_id in ids(batch)]
    assert sorted(claimed) == sorted(queued)


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_a_claimer_does_not_wait_for_what_another_is_claiming(outbox, database):
    first, second = [(await outbox.enqueue(new(due_at=NOW - n * HOUR))).id for n in (2, 1)]

    async with database.writing() as connection:
        await connection.execute(select(messages).where(messages.c.id == first).with_for_update())
        batch = await outbox.claim(10)

    assert ids(batch) == [second]


async def test_a_message_cancelled_while_a_dead_owner_had_it_is_not_retried(outbox, other):
    queued = await outbox.enqueue(new())
    await outbox.claim(1)
    await outbox.cancel([queued.id])

    batch = await heir(other)
    found = await other.get(queued.id)

    assert (ids(batch), found.status) == ([], Status.CANCELLED)
    assert batch.stopped == (found,)
    assert await other.has_work() is False
