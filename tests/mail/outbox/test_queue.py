"""Two applications on one database: each has a queue of its own, as MAIL_QUEUE says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.outbox import Filter, Outbox, workers
from quartapp.mail.outbox.counts import KEPT, roll_up
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.states import Action, Status
from quartapp.mail.outbox.workers import WorkerState
from quartapp.mail.settings import Backend, MailSettings
from tests.mail.outbox.sample import ADA, DAY, HOUR, LATER, MINUTE, NEVER, attempt, heir, new

if TYPE_CHECKING:
    from quartapp.database import Database
    from tests.mail.outbox.sample import HandClock

NOBODY = "0" * 32
CONDITIONS = {
    "all": Filter(),
    "recipient": Filter(recipient=ADA),
    "status": Filter(status=Status.FAILED),
    "subject": Filter(subject="tea"),
    "recipient, status": Filter(recipient=ADA, status=Status.FAILED),
    "several": Filter(recipient=ADA, subject="tea", status=Status.FAILED),
    "key": Filter(key="k"),
}


@pytest.fixture
def neighbour(database: Database, clock: HandClock) -> Outbox:
    """Another application's outbox in the same tables."""
    return Outbox(database, MailSettings(backend=Backend.SMTP, queue="neighbour"), clock)


def theirs(**fields):
    """A message of the other application."""
    return new(queue="neighbour", **fields)


async def test_a_message_is_claimed_by_its_own_application_alone(outbox, neighbour):
    queued = await neighbour.enqueue(theirs())

    ours, expired = await outbox.claim(9), await outbox.claim(9, only_expired=True)
    [claim] = (await neighbour.claim(9)).claims

    assert (ours.claims, expired.claims, claim.id) == ((), (), queued.id)
    assert (await outbox.has_work(), await neighbour.has_work()) == (False, True)


async def test_what_a_dead_process_of_another_application_left_stays_there(outbox, neighbour):
    await neighbour.enqueue(theirs())
    await neighbour.claim(1)
    lapsed = tuple(await neighbour.leases())

    assert await outbox.leases() == []
    assert (await outbox.claim(1, lapsed=lapsed)).claims == ()
    assert len((await heir(neighbour)).claims) == 1


async def test_a_message_is_shown_to_its_own_application_alone(outbox, neighbour):
    queued = await neighbour.enqueue(theirs(key="k"))
    await attempt(neighbour, NEVER)
    report = Report(outbox, list)

    assert await outbox.get(queued.id) is None
    assert await report.history(queued.id) is None
    with pytest.raises(LookupError):
        await report.content(queued.id)
    assert await neighbour.get(queued.id) is not None


async def test_a_search_finds_what_is_of_its_own_application(outbox, neighbour):
    for _ in range(2):
        await outbox.enqueue(new(key="k"))
        await neighbour.enqueue(theirs(key="k"))
        await attempt(outbox, NEVER)
        await attempt(neighbour, NEVER)
    ours, other = Report(outbox, list), Report(neighbour, list)
    [mine], [their] = await outbox.find(Filter(), 9), await neighbour.find(Filter(), 9)

    found = {
        name: (
            [*await outbox.find(wanted, 9), *await neighbour.find(wanted, 9)],
            [*(await ours.page(wanted)).messages, *(await other.page(wanted)).messages],
            await ours.how_many(wanted, Action.RETRY),
        )
        for name, wanted in CONDITIONS.items()
    }

    assert mine != their
    assert found == dict.fromkeys(CONDITIONS, ([mine, their], [mine, their], 1))


async def test_a_page_is_followed_by_what_is_of_its_own_application(outbox, neighbour):
    for _ in range(3):
        await outbox.enqueue(new())
        await neighbour.enqueue(theirs())
    report = Report(outbox, list)

    first = await report.page(Filter(), size=2)
    last = await report.page(Filter(), size=2, before=first.older)

    assert [len(page.messages) for page in (first, last)] == [2, 1]
    assert last.older is None


async def test_figures_are_of_one_application(outbox, neighbour):
    await neighbour.enqueue(theirs())
    await neighbour.enqueue(theirs(backend=SUPPRESSED))
    await attempt(neighbour, LATER)
    state = WorkerState(backend="smtp")
    await workers.tell(neighbour.database, neighbour.worker, state, neighbour.now())

    figures = await Report(outbox, list).figures()
    others = await Report(neighbour, list).figures()

    assert (sum(figures.counts.values()), figures.suppressed, figures.oldest) == (0, 0, None)
    assert (set(figures.waiting.values()), figures.replies, figures.workers) == ({0}, (), ())
    assert sum(minute.attempts for minute in figures.minutes) == 0
    assert sum(others.counts.values()) == 2
    assert (others.suppressed, others.waiting["smtp"], len(others.replies)) == (1, 1, 1)
    assert sum(minute.deferred for minute in others.minutes) == 1
    assert await outbox.count() == dict.fromkeys(Status, 0)
    assert (await outbox.due(), await Report(outbox, list).workers()) == (0, ())


async def test_nothing_is_changed_in_another_application(outbox, neighbour):
    waiting = await neighbour.enqueue(theirs())
    failed = await neighbour.enqueue(theirs())
    report, both = Report(outbox, list), [waiting.id, failed.id]

    assert await outbox.cancel(both) == []
    assert await report.act(Filter(ids=both), Action.CANCEL) == []
    await attempt(neighbour, NEVER)
    assert await outbox.retry(both) == []
    assert await report.act(Filter(), Action.RETRY) == []
    assert await report.how_many(Filter(), Action.RETRY) == 0


async def test_a_key_is_unique_within_its_application(outbox, neighbour):
    ours = await outbox.enqueue(new(key="k"))
    other = await neighbour.enqueue(theirs(subject="Cake", key="k"))

    assert other.id != ours.id
    assert (await outbox.enqueue(new(key="k"))).id == ours.id
    assert (await neighbour.enqueue(theirs(subject="Cake", key="k"))).id == other.id


async def test_each_application_prunes_as_its_own_settings_say(outbox, neighbour, clock):
    queued = await neighbour.enqueue(theirs(key="k"))
    await attempt(neighbour, NEVER)
    clock.go_on(100 * DAY)

    assert await outbox.prune() == 0
    assert await neighbour.prune() == 1
    clock.go_on(400 * DAY)
    await outbox.prune()

    assert await neighbour.was_deleted(queued.id)
    assert not await outbox.was_deleted(queued.id)


async def test_counts_are_added_up_for_each_application(outbox, neighbour, clock):
    for each, message in ((outbox, new()), (neighbour, theirs())):
        await each.enqueue(message)
        await attempt(each, NEVER)
    clock.go_on(KEPT + HOUR)

    assert await roll_up(outbox.database, "default", outbox.now()) == 1
    assert await roll_up(outbox.database, "default", outbox.now()) == 0
    assert await roll_up(outbox.database, "neighbour", outbox.now()) == 1


async def test_a_clock_that_is_set_back_hastens_nothing_of_another_application(
    outbox, neighbour, clock
):
    queued = await neighbour.enqueue(replace(theirs(), created_at=clock.now() + HOUR))
    await outbox.hasten()
    clock.set(-2 * HOUR)
    await outbox.hasten()
    unchanged = await neighbour.get(queued.id)
    clock.go_on(MINUTE)

    assert unchanged.due_at == queued.due_at
