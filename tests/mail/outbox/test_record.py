"""Recording: in groups, per recipient, with a history of what went wrong."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from quartapp.mail import Status
from quartapp.mail.delivery.retry import Retry
from quartapp.mail.outbox.tables import attempts
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports import Outcome
from tests.mail.outbox.sample import (
    ACCEPTED,
    ADA,
    BOB,
    HOUR,
    LATER,
    MINUTE,
    NEVER,
    NOW,
    UNSURE,
    attempt,
    heir,
    judged,
    new,
)


async def history(outbox):
    async with outbox.database.reading() as connection:
        rows = await connection.execute(select(attempts).order_by(attempts.c.number))
        return [(row.number, row.status, row.detail) for row in rows]


async def test_what_is_returned_is_what_is_read_back(outbox):
    await outbox.enqueue(new(ADA, BOB))

    [written] = await attempt(outbox, NEVER, ACCEPTED)

    assert await outbox.get(written.claim.id) == written.delivery()


async def test_a_sent_message_says_when(outbox, clock):
    queued = await outbox.enqueue(new())
    clock.go_on(HOUR)

    await attempt(outbox, ACCEPTED)
    done = await outbox.get(queued.id)

    assert (done.status, done.sent_at, done.attempts) == (Status.SENT, NOW + HOUR, 1)
    assert (done.recipients[0].code, done.recipients[0].reply) == (250, "2.0.0 ok")


async def test_a_group_is_written_as_a_whole(outbox, clock):
    queued = [await outbox.enqueue(new(subject=str(number))) for number in range(20)]
    batch = await outbox.claim(20)

    written = await outbox.record([judged(claim, clock.now(), ACCEPTED) for claim in batch.claims])

    assert len(written) == len(queued)
    assert (await outbox.count())[Status.SENT] == len(queued)


async def test_a_message_that_is_held_stays_claimed(outbox, other, clock):
    queued = await outbox.enqueue(new(ADA, BOB))
    [claim] = (await outbox.claim(1)).claims
    await outbox.stamp([claim])

    [written] = await outbox.record([held(claim, clock.now())])
    found = await outbox.get(queued.id)

    assert (found.status, found.attempts, found.due_at) == (Status.SENDING, 1, None)
    assert [each.status for each in found.recipients] == [Status.SENT, Status.QUEUED]
    assert await outbox.renew([written.onward()]) == {claim.key}
    [inherited] = (await heir(other)).claims
    assert (inherited.recipients, inherited.attempts) == (found.recipients, 1)
    assert (inherited.intent_at, inherited.due(NOW)) == (None, (BOB,))
    assert await outbox.record([held(written.onward(), clock.now())]) == []


async def test_a_message_that_is_held_is_cancelled_between_its_transactions(outbox, clock):
    queued = await outbox.enqueue(new(ADA, BOB))
    [claim] = (await outbox.claim(1)).claims
    await outbox.cancel([queued.id])

    [written] = await outbox.record([held(claim, clock.now())])

    assert not written.is_held
    assert [each.status for each in written.recipients] == [Status.SENT, Status.CANCELLED]
    assert await outbox.get(queued.id) == written.delivery()


def held(claim, now):
    """What follows when only the first recipient who was due has an answer."""
    outcome = Outcome({claim.due(now)[0]: ACCEPTED})
    return replace(Retry(MailSettings(), now).judge(claim, outcome), is_held=True)


async def test_each_recipient_has_its_own_end(outbox):
    queued = await outbox.enqueue(new(ADA, BOB, "cy@example.com"))

    await attempt(outbox, ACCEPTED, LATER, NEVER)
    found = await outbox.get(queued.id)

    assert [recipient.status for recipient in found.recipients] == ["sent", "queued", "failed"]
    assert [recipient.due_at for recipient in found.recipients] == [None, NOW + MINUTE, None]


async def test_the_next_attempt_is_for_those_still_open(outbox, clock):
    await outbox.enqueue(new(ADA, BOB, "cy@example.com"))
    await attempt(outbox, ACCEPTED, LATER, NEVER)
    clock.go_on(HOUR)

    [claim] = (await outbox.claim(1)).claims

    assert claim.due(clock.now()) == (BOB,)
    assert (claim.attempts, claim.first_attempt_at) == (1, NOW)


async def test_a_request_to_cancel_ends_a_message_that_would_be_retried(outbox, clock):
    queued = await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims
    await outbox.cancel([queued.id])

    [written] = await outbox.record([judged(claim, clock.now(), LATER)])
    found = await outbox.get(queued.id)

    assert (written.status, found.status, found.due_at) == (Status.CANCELLED, "cancelled", None)
    assert await outbox.has_work() is False


async def test_a_request_to_cancel_changes_nothing_about_a_message_that_was_sent(outbox, clock):
    queued = await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims
    await outbox.cancel([queued.id])

    await outbox.record([judged(claim, clock.now(), ACCEPTED)])

    assert (await outbox.get(queued.id)).status is Status.SENT


async def test_a_request_to_cancel_ends_with_its_attempt(outbox, clock):
    queued = await outbox.enqueue(new())
    [claim] = (await outbox.claim(1)).claims
    await outbox.cancel([queued.id])
    await outbox.record([judged(claim, clock.now(), NEVER)])

    await outbox.retry([queued.id])
    [written] = await attempt(outbox, LATER)

    assert written.status is Status.QUEUED


async def test_every_attempt_that_did_not_simply_succeed_is_stored(outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, LATER)
    clock.go_on(HOUR)
    await attempt(outbox, UNSURE)
    clock.go_on(HOUR)

    await attempt(outbox, ACCEPTED)

    assert await history(outbox) == [
        (1, "queued", f"{ADA}: 451 4.7.1 later"),
        (2, "uncertain", f"{ADA}: connection lost after the end of data"),
    ]


async def test_a_recorded_message_has_no_owner(outbox, other, clock):
    await outbox.enqueue(new())
    await attempt(outbox, LATER)
    clock.go_on(HOUR)

    [claim] = (await other.claim(1)).claims

    assert len(await other.record([judged(claim, clock.now(), ACCEPTED)])) == 1
