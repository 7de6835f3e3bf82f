"""The fence: an owner that lost its claim changes nothing about the message."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, LATER, MINUTE, NEVER, heir, judged, new


@pytest.fixture
async def zombie(outbox, other):
    """A claim whose message another process has taken over."""
    await outbox.enqueue(new(ADA, BOB))
    [claim] = (await outbox.claim(1)).claims
    assert len((await heir(other)).claims) == 1
    return claim


async def test_a_zombie_records_nothing(outbox, zombie, clock):
    before = await outbox.get(zombie.id)

    written = await outbox.record([judged(zombie, clock.now(), NEVER)])

    assert (written, await outbox.get(zombie.id)) == ([], before)


async def test_a_zombie_renews_nothing(outbox, other, zombie):
    before = await other.leases()

    renewed = await outbox.renew([zombie])

    assert (renewed, await other.leases()) == (set(), before)


async def test_a_zombie_stamps_nothing(outbox, other, zombie):
    stamped = await outbox.stamp([zombie])

    assert stamped == set()
    assert (await heir(other)).claims[0].intent_at is None


async def test_a_zombie_adds_nothing_to_what_its_heir_recorded(outbox, zombie, clock):
    [claim] = (await heir(outbox)).claims
    await outbox.record([judged(claim, clock.now(), ACCEPTED)])
    done = await outbox.get(zombie.id)

    await outbox.record([judged(zombie, clock.now(), LATER)])

    assert done.status is Status.SENT
    assert await outbox.get(zombie.id) == done


async def test_a_zombie_beside_its_heir_in_one_group_writes_nothing(outbox, clock):
    await outbox.enqueue(new(ADA, BOB))
    [zombie] = (await outbox.claim(1)).claims
    [owner] = (await heir(outbox)).claims
    decisions = [judged(owner, clock.now(), ACCEPTED), judged(zombie, clock.now(), NEVER)]

    written = await outbox.record(decisions)

    assert written == decisions[:1]
    assert {recipient.code for recipient in (await outbox.get(owner.id)).recipients} == {250}


async def test_the_owner_still_writes(outbox, clock):
    await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims

    stamped, renewed = await outbox.stamp([claim]), await outbox.renew([claim])
    written = await outbox.record([judged(claim, clock.now(), ACCEPTED)])

    assert (stamped, renewed, len(written)) == ({claim.key}, {claim.key}, 1)


async def test_a_stamped_intent_is_shown_to_the_heir(outbox, other, clock):
    await outbox.enqueue(new())
    await outbox.stamp((await outbox.claim(1)).claims)
    stamped_at = clock.now()
    clock.go_on(MINUTE)

    [claim] = (await heir(other)).claims

    assert claim.intent_at == stamped_at
