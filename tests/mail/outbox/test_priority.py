"""Priority: which messages are claimed first, and that none waits for ever."""

from __future__ import annotations

from collections import Counter

import pytest

from quartapp.mail import MailError, Status
from quartapp.mail.choices import Priority
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.report import Report
from tests.mail.outbox.sample import ADA, HOUR, LATER, MINUTE, NOW, attempt, heir, new

ALL = [priority.value for priority in Priority]


async def queue(outbox, many, **fields):
    """Queue so many messages of each priority, the lowest first."""
    rows = [new(priority=priority, **fields) for _ in range(many) for priority in reversed(ALL)]
    await outbox.enqueue_all(rows)


def initials(*batches):
    return "".join(claim.priority[0] for batch in batches for claim in batch.claims)


async def test_the_highest_is_claimed_first_whichever_was_queued_first(outbox):
    await queue(outbox, 1)

    assert initials(*[await outbox.claim(1) for _ in range(4)]) == "hnl"


async def test_the_messages_of_one_claim_are_in_that_order_too(outbox):
    await queue(outbox, 2)

    assert initials(await outbox.claim(6)) == "hhnnll"


async def test_within_a_priority_the_earliest_due_is_claimed_first(outbox):
    ages = [(priority, age) for priority in ALL for age in (5, 9, 1)]
    queued = {}
    for priority, age in ages:
        delivery = await outbox.enqueue(new(priority=priority, due_at=NOW - age * MINUTE))
        queued[delivery.id] = (priority, age)

    batch = await outbox.claim(9)

    order = [(priority, age) for priority in ALL for age in (9, 5, 1)]
    assert [queued[claim.id] for claim in batch.claims] == order


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_under_a_stream_of_high_ones_the_others_have_their_shares(outbox, limit):
    await queue(outbox, 20)

    taken = initials(*[await outbox.claim(limit) for _ in range(20 // limit)])

    assert len(taken) >= 18
    assert taken.count("n") >= 0.1 * len(taken)
    assert taken.count("l") >= 0.05 * len(taken)
    assert taken.count("h") >= 0.6 * len(taken)


async def test_retries_take_turns_as_new_messages_do(outbox, clock):
    await queue(outbox, 4)
    await attempt(outbox, LATER)
    clock.go_on(HOUR)
    await queue(outbox, 4)

    batches = [await outbox.claim(1) for _ in range(10)]

    fresh = Counter(claim.priority for batch in batches for claim in batch.claims)
    assert initials(*batches[:3]) == "hhhhhh"
    assert fresh == {"high": 8, "normal": 8, "low": 4}


async def test_messages_to_many_recipients_do_not_starve_a_lower_priority(outbox):
    many = [f"person-{number}@example.com" for number in range(10_000)]
    low = await outbox.enqueue(new(ADA, priority="low"))
    for _ in range(2):
        await outbox.enqueue(new(*many, priority="high"))

    batches = [await outbox.claim(10) for _ in range(3)]

    assert initials(*batches[:2]) == "hh"
    assert [claim.id for claim in batches[2].claims] == [low.id]


async def test_a_message_keeps_its_priority_whatever_becomes_of_it(outbox, clock):
    queued = await outbox.enqueue(new(priority="low", key="once"))
    again = await outbox.enqueue(new(priority="high", key="once"))
    await outbox.claim(1)
    [taken_over] = (await heir(outbox)).claims
    await outbox.cancel([queued.id])

    found = await outbox.get(queued.id)

    assert (again.id, again.priority) == (queued.id, "low")
    assert (queued.priority, taken_over.priority, found.priority) == ("low",) * 3


async def test_messages_of_any_priority_are_counted_hastened_and_found(outbox, clock):
    await queue(outbox, 1)
    clock.set(-HOUR)
    report = Report(outbox, list)

    await outbox.hasten()

    assert (await outbox.due(), await outbox.has_work()) == (3, True)
    assert (await report.figures()).waiting["smtp"] == 3
    page = await report.page(Filter(priority=Priority.LOW))
    assert [(each.priority, each.status) for each in page.messages] == [("low", Status.QUEUED)]


@pytest.mark.parametrize("wrong", ["urgent", "", "HIGH", None, 1, ["high"]])
def test_another_priority_is_one_sentence(wrong):
    with pytest.raises(MailError, match=r"give 'high', 'normal' or 'low'$"):
        new(priority=wrong)
