"""After the clock was set back no message waits for what it was set back by."""

from __future__ import annotations

from quartapp.mail.outbox import Outbox
from quartapp.mail.settings import Backend, MailSettings
from tests.mail.outbox.sample import ADA, BOB, DAY, HOUR, LATER, MINUTE, NOW, attempt, new


def ids(batch):
    return [claim.id for claim in batch.claims]


async def test_a_new_message_is_due_at_once(outbox, clock):
    queued = await outbox.enqueue(new())
    clock.set(-HOUR)

    await outbox.hasten()

    [claim] = (await outbox.claim(10)).claims
    assert (claim.id, claim.due(clock.now())) == (queued.id, (ADA,))


async def test_a_deferred_message_is_due_at_once_for_all_who_wait(outbox, clock):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, LATER)
    clock.set(-HOUR)

    await outbox.hasten()

    [claim] = (await outbox.claim(10)).claims
    assert (claim.id, claim.due(clock.now())) == (queued.id, (ADA, BOB))


async def test_a_message_that_a_person_retried_is_due_at_once(outbox, clock):
    queued = await outbox.enqueue(new())
    clock.go_on(6 * DAY)
    await attempt(outbox, LATER)
    await outbox.retry([queued.id])
    clock.set(-HOUR)

    await outbox.hasten()

    assert ids(await outbox.claim(10)) == [queued.id]


async def test_a_message_waits_for_its_at_by_whatever_clock(outbox, clock):
    queued = await outbox.enqueue(new(due_at=NOW + MINUTE))
    clock.set(-HOUR)

    await outbox.hasten()

    assert ids(await outbox.claim(10)) == []
    assert (await outbox.get(queued.id)).due_at == NOW + MINUTE


async def test_a_wait_that_began_before_goes_on(outbox, clock):
    await outbox.enqueue(new())
    [deferred] = await attempt(outbox, LATER, retry_first=4000)
    clock.go_on(HOUR)
    await outbox.hasten()
    clock.set(-MINUTE)

    await outbox.hasten()

    assert (await outbox.get(deferred.claim.id)).due_at == deferred.due_at


async def test_a_process_that_starts_later_sees_to_it_too(outbox, database, clock):
    queued = await outbox.enqueue(new())
    clock.set(-HOUR)

    later = Outbox(database, MailSettings(backend=Backend.SMTP), clock)
    await later.hasten()

    assert ids(await later.claim(10)) == [queued.id]
