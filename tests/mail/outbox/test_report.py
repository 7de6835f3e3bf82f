"""What an operator asks of the outbox: pages, figures, histories, and all that match."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from quartapp.mail import Action, Filter, Minute, Status
from quartapp.mail.outbox.counts import Count, add
from quartapp.mail.outbox.query import search
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.subject import beginning, span
from quartapp.mail.outbox.tables import messages
from quartapp.mail.outbox.workers import WorkerId
from tests.mail.outbox.backlog import many_messages, their_recipient
from tests.mail.outbox.sample import (
    ACCEPTED,
    ADA,
    BOB,
    DAY,
    LATER,
    NEVER,
    NOW,
    UNSURE,
    attempt,
    new,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def report(outbox):
    """The report on the outbox."""
    return Report(outbox, lambda ids: ids)


@pytest.fixture
async def nine(outbox):
    """Three messages sent, three failed, three that wait; the newest first."""
    queued = [
        await outbox.enqueue(new(ADA, subject=f"Sent {n}", template="mail/a")) for n in range(3)
    ]
    await attempt(outbox, ACCEPTED)
    queued += [
        await outbox.enqueue(new(BOB, subject=f"Failed {n}", template="mail/b")) for n in "012"
    ]
    await attempt(outbox, NEVER)
    queued += [await outbox.enqueue(new(ADA, BOB, subject=f"Later {n}")) for n in range(3)]
    return sorted((delivery.id for delivery in queued), reverse=True)


async def walk(report, wanted, step, size=2, **place):
    """The ids of page after page, in one direction until its end."""
    page = await report.page(wanted, size=size, **place)
    pages = [page]
    while onward := getattr(page, step):
        direction = {"older": "before", "newer": "after"}[step]
        page = await report.page(wanted, size=size, **{direction: onward})
        pages.append(page)
    return [[message.id for message in page.messages] for page in pages]


CONDITIONS = {
    "all": Filter(),
    "status": Filter(status=Status.SENT),
    "recipient": Filter(recipient=BOB),
    "subject": Filter(subject="later"),
    "template": Filter(template="mail/b"),
    "since, until": Filter(since=NOW - DAY, until=datetime.max.replace(tzinfo=UTC) - DAY),
    "several": Filter(status=Status.FAILED, recipient=BOB, subject="FAILED", template="mail/b"),
}


async def found_by(outbox):
    """The ids that match each of the conditions, the newest first."""
    return {
        name: [message.id for message in await outbox.find(wanted, 50)]
        for name, wanted in CONDITIONS.items()
    }


async def test_pages_lead_to_the_end_and_show_each_message_once(report, nine, outbox):
    pages = {name: await walk(report, wanted, "older") for name, wanted in CONDITIONS.items()}

    assert {name: list(chain(*each)) for name, each in pages.items()} == await found_by(outbox)
    assert {len(page) for each in pages.values() for page in each[:-1]} == {2}


async def test_pages_lead_back_from_the_last_to_the_first(report, nine, outbox):
    pages = {
        name: await walk(report, wanted, "newer", is_last=True)
        for name, wanted in CONDITIONS.items()
    }

    back = {name: list(chain(*reversed(each))) for name, each in pages.items()}
    assert back == await found_by(outbox)


async def test_a_page_in_the_middle_knows_its_neighbours(report, nine):
    page = await report.page(Filter(), before=nine[1], size=3)

    newer = await report.page(Filter(), after=page.newer, size=2)
    older = await report.page(Filter(), before=page.older, size=2)

    assert [message.id for message in page.messages] == nine[2:5]
    assert [message.id for message in newer.messages] == nine[:2]
    assert [message.id for message in older.messages] == nine[5:7]


async def test_the_first_page_has_nothing_newer_and_the_last_nothing_older(report, nine):
    first = await report.page(Filter(), size=5)
    last = await report.page(Filter(), is_last=True, size=5)
    only = await report.page(Filter(), size=9)

    assert (first.newer, first.older) == (None, nine[4])
    assert (last.newer, last.older) == (nine[4], None)
    assert (only.newer, only.older) == (None, None)


TYPED = {
    "[Flasky] ÜBER Straße": True,
    "[flasky] über": True,
    "[FLASKY] U\N{COMBINING DIAERESIS}BER STRASSE": True,
    "Flasky": False,
    "[Flasky] Über Straße 茶 and more": False,
    "%": False,
    "[Flasky]_": False,
    "\0\ud800": False,
    "[": True,
}


async def test_a_subject_is_found_by_how_it_begins(report, outbox):
    await outbox.enqueue(new(subject="[Flasky] Über Straße 茶"))

    pages = {typed: await report.page(Filter(subject=typed)) for typed in TYPED}

    assert {typed: bool(page.messages) for typed, page in pages.items()} == TYPED


def test_no_text_begins_every_subject():
    with pytest.raises(ValueError, match="leave the condition out"):
        span("")


def test_a_beginning_is_short_however_long_the_subject():
    assert len(beginning("茶" * 10_000)) == 128
    assert span("茶" * 10_000)[0] == beginning("茶" * 9_000)


async def test_messages_are_found_by_when_they_were_queued(report, outbox):
    before = datetime.now(UTC)
    queued = await outbox.enqueue(new())
    after = datetime.now(UTC) + timedelta(milliseconds=1)

    around = await report.page(Filter(since=before, until=after))
    earlier = await report.page(Filter(until=before - MINUTE))
    later = await report.page(Filter(since=after + MINUTE))

    assert [message.id for message in around.messages] == [queued.id]
    assert (earlier.messages, later.messages) == ((), ())


async def test_a_search_that_finds_little_among_much_says_how_far_it_came(report, outbox, database):
    many = search.READ_AT_MOST + 5
    async with database.writing() as connection:
        for name, columns in (
            ("a", {"status": "sent", "template": "x"}),
            ("b", {"status": "failed", "template": "y"}),
            ("c", {"status": "sent", "template": "y"}),
        ):
            await connection.execute(many_messages(name, 1 if name == "a" else many, **columns))
        await connection.execute(many_messages("0", 1, status="sent", template="x"))
        await connection.execute(many_messages("d", many, status="failed", template="x"))
        await connection.execute(their_recipient(ADA, messages.c.id.is_not(None)))
    wanted = Filter(status=Status.SENT, template="x")

    first = await report.page(wanted, size=2)
    pages = await walk(report, wanted, "older", size=2)

    assert (first.messages, bool(first.looked_to)) == ((), True)
    assert list(chain(*pages)) == ["a-1", "0-1"]


async def test_a_page_has_what_matches_among_all_that_it_reads(report, database):
    many = search.READ_AT_MOST
    async with database.writing() as connection:
        for name, number, status, template in (
            ("d", many // 2, "sent", "y"),
            ("c", 1, "sent", "x"),
            ("b", many, "sent", "y"),
            ("a", many, "failed", "x"),
        ):
            made = many_messages(name, number, status=status, template=template)
            await connection.execute(made)
        await connection.execute(their_recipient(ADA, messages.c.id.is_not(None)))

    found = await report.page(Filter(status=Status.SENT, template="x"), size=2)

    assert [message.id for message in found.messages] == ["c-1"]


async def test_figures_count_messages_in_each_state_and_no_further_than_needed(
    report, outbox, database
):
    async with database.writing() as connection:
        await connection.execute(many_messages("many", 10_020))
    await outbox.enqueue(new())

    figures = await report.figures()

    assert figures.counts[Status.SENT] == figures.COUNTED + 1
    assert (figures.counts[Status.QUEUED], figures.counts[Status.FAILED]) == (1, 0)


async def test_figures_name_the_oldest_message_that_waits(report, outbox, nine):
    figures = await report.figures()

    assert figures.oldest == nine[2]
    assert figures.oldest_at == NOW


async def test_an_empty_outbox_has_no_oldest_message_and_a_quiet_hour(report):
    figures = await report.figures()

    assert (figures.oldest, figures.oldest_at) == (None, None)
    assert [minute.attempts for minute in figures.minutes] == [0] * 60


async def test_figures_tell_how_the_attempts_of_each_minute_ended(report, outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    clock.go_on(59 * MINUTE)
    for answer in (ACCEPTED, ACCEPTED, NEVER, LATER, LATER, LATER, UNSURE):
        await outbox.enqueue(new(due_at=clock.moment))
        await attempt(outbox, answer)

    minutes = (await report.figures()).minutes

    this = NOW.replace(second=0, microsecond=0)
    assert minutes[0] == Minute(this, sent=1)
    assert minutes[-1] == Minute(this + 59 * MINUTE, sent=2, failed=1, deferred=3, uncertain=1)
    assert sum(minute.attempts for minute in minutes) == 8


async def test_every_attempt_of_a_busy_minute_is_counted(report, outbox, database):
    async with database.writing() as connection:
        for number in (2_999, 2_001):
            await add(connection, WorkerId("default", "a"), [(Count.DEFERRED, NOW)] * number)

    minutes = (await report.figures()).minutes

    assert minutes[-1].deferred == 5_000


async def test_figures_have_the_replies_of_the_last_ten_minutes(report, outbox, clock):
    await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, ACCEPTED, NEVER)
    clock.go_on(11 * MINUTE)
    await outbox.enqueue(new(due_at=clock.moment))
    await attempt(outbox, LATER)
    await outbox.enqueue(new(due_at=clock.moment))
    await attempt(outbox, ACCEPTED)

    assert (await report.figures()).replies == ("451 4.7.1 later",)


async def test_figures_tell_what_waits_for_each_backend(report, outbox, clock):
    await outbox.enqueue(new(backend="mailbox", due_at=NOW + DAY))
    for _ in range(2):
        await outbox.enqueue(new())
    await attempt(outbox, LATER)
    await outbox.enqueue(new())

    assert (await report.figures()).waiting == {"smtp": 3, "mailbox": 1, "suppressed": 0}


async def test_what_ended_more_than_an_hour_ago_is_no_longer_told(report, outbox, clock):
    await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    clock.go_on(60 * MINUTE)

    minutes = (await report.figures()).minutes

    assert sum(minute.sent for minute in minutes) == 0


async def test_a_history_has_every_attempt_with_the_servers_reply(report, outbox, clock):
    queued = await outbox.enqueue(new(template="mail/tea", key="tea"))
    await attempt(outbox, LATER)
    clock.go_on(2 * MINUTE)
    await attempt(outbox, NEVER)

    history = await report.history(queued.id)

    assert [(tried.number, tried.status) for tried in history.attempts] == [
        (1, Status.QUEUED),
        (2, Status.FAILED),
    ]
    assert "451 4.7.1 later" in history.attempts[0].detail
    assert "550 5.1.1 no such user" in history.attempts[1].detail
    assert (history.template, history.key, history.delivery.attempts) == ("mail/tea", "tea", 2)


async def test_a_history_says_what_can_be_done(report, outbox, nine):
    sent, failed, waits = [await report.history(nine[place]) for place in (8, 5, 2)]

    allowed = [[a for a in Action if each.allows(a)] for each in (sent, failed, waits)]

    assert allowed == [[], [Action.RETRY], [Action.CANCEL]]
    assert not replace(waits, wants_cancel=True).allows(Action.CANCEL)


@pytest.mark.parametrize("strange", ["none", "\0", "\ud800", "' OR 1=1 --"])
async def test_an_unknown_message_has_no_history(report, strange):
    assert await report.history(strange) is None


@pytest.mark.parametrize(
    ("conditions", "retried", "cancelled"),
    [
        ({}, 3, 3),
        ({"status": Status.FAILED}, 3, 0),
        ({"status": Status.SENT}, 0, 0),
        ({"recipient": ADA}, 0, 3),
        ({"subject": "failed 1"}, 1, 0),
        ({"template": "mail/b", "recipient": BOB}, 3, 0),
    ],
)
async def test_an_action_changes_as_many_as_were_counted(
    report, outbox, nine, conditions, retried, cancelled
):
    wanted = Filter(**conditions)
    counts = [await report.how_many(wanted, action) for action in (Action.CANCEL, Action.RETRY)]

    done = [await report.act(wanted, action) for action in (Action.CANCEL, Action.RETRY)]

    assert counts == [cancelled, retried]
    assert [len(ids) for ids in done] == counts


async def test_a_retried_message_is_due_and_a_cancelled_one_has_ended(report, outbox, nine):
    cancelled = await report.act(Filter(), Action.CANCEL)
    retried = await report.act(Filter(), Action.RETRY)

    states = {message.id: message.status for message in await outbox.find(Filter(), 50)}

    assert {states[each] for each in cancelled} == {Status.CANCELLED}
    assert {states[each] for each in retried} == {Status.QUEUED}


async def test_one_message_can_be_named(report, outbox, nine):
    done = await report.act(Filter(ids=[nine[4]]), Action.RETRY)

    again = await report.act(Filter(ids=[nine[4]]), Action.RETRY)

    assert (done, again) == ([nine[4]], [])


async def test_messages_are_changed_some_thousands_at_a_time(report, database):
    async with database.writing() as connection:
        await connection.execute(many_messages("many", report.AT_ONCE + 700, status="failed"))

    first = await report.act(Filter(), Action.RETRY)
    second = await report.act(Filter(), Action.RETRY)

    assert (len(first), len(second)) == (report.AT_ONCE, 700)
