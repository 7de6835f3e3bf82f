"""The fence: an owner that lost its claim changes nothing about the message."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, LATER, MINUTE, NEVER, attempt, judged, new


@pytest.fixture
async def zombie(outbox, other, clock):
    """A claim whose message another process has taken over."""
    await outbox.enqueue(new(ADA, BOB))
    [claim] = (await outbox.claim(1)).claims
    clock.go_on(MINUTE)
    assert len((await other.claim(1)).claims) == 1
    return claim


async def test_a_zombie_records_nothing(outbox, zombie, clock):
    before = await outbox.get(zombie.id)

    written = await outbox.record([judged(zombie, clock.now(), NEVER)])

    assert (written, await outbox.get(zombie.id)) == ([], before)


async def test_a_zombie_renews_nothing(outbox, other, zombie, clock):
    renewed = await outbox.renew([zombie])
    clock.go_on(MINUTE)

    assert renewed == set()
    assert len((await other.claim(1)).claims) == 1


async def test_a_zombie_stamps_nothing(outbox, other, zombie, clock):
    stamped = await outbox.stamp([zombie])
    clock.go_on(MINUTE)

    assert stamped == set()
    assert (await other.claim(1)).claims[0].intent_at is None


async def test_a_zombie_adds_nothing_to_what_its_heir_recorded(outbox, zombie, clock):
    clock.go_on(MINUTE)
    await attempt(outbox, ACCEPTED)
    done = await outbox.get(zombie.id)

    await outbox.record([judged(zombie, clock.now(), LATER)])

    assert done.status is Status.SENT
    assert await outbox.get(zombie.id) == done


async def test_a_zombie_beside_its_heir_in_one_group_writes_nothing(outbox, clock):
    await outbox.enqueue(new(ADA, BOB))
    [zombie] = (await outbox.claim(1)).claims
    clock.go_on(MINUTE)
    [heir] = (await outbox.claim(1)).claims
    decisions = [judged(heir, clock.now(), ACCEPTED), judged(zombie, clock.now(), NEVER)]

    written = await outbox.record(decisions)

    assert written == decisions[:1]
    assert {recipient.code for recipient in (await outbox.get(heir.id)).recipients} == {250}


async def test_the_owner_still_writes(outbox, clock):
    await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims

    stamped, renewed = await outbox.stamp([claim]), await outbox.renew([claim])
    written = await outbox.record([judged(claim, clock.now(), ACCEPTED)])

    assert (stamped, renewed, len(written)) == ({claim.id}, {claim.id}, 1)


async def test_a_stamped_intent_is_shown_to_the_heir(outbox, other, clock):
    await outbox.enqueue(new())
    await outbox.stamp((await outbox.claim(1)).claims)
    stamped_at = clock.now()
    clock.go_on(MINUTE)

    [heir] = (await other.claim(1)).claims

    assert heir.intent_at == stamped_at
