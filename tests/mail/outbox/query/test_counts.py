"""How many messages could be sent now."""

from __future__ import annotations

from tests.mail.outbox.sample import HOUR, LATER, MINUTE, NOW, attempt, new


async def test_messages_are_due_when_their_time_has_come(outbox):
    await outbox.enqueue(new())
    await outbox.enqueue(new(due_at=NOW + HOUR))

    assert await outbox.due() == 1


async def test_retries_are_counted_as_new_messages_are(outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, LATER)
    await outbox.enqueue(new())

    before = await outbox.due()
    clock.go_on(5 * MINUTE)

    assert (before, await outbox.due()) == (1, 2)


async def test_claimed_messages_and_those_of_another_backend_are_not_counted(outbox):
    await outbox.enqueue(new())
    await outbox.claim(1)
    await outbox.enqueue(new(backend="mailbox"))

    assert await outbox.due() == 0
