"""Messages with many recipients: nothing about one recipient grows with the others."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select, update

from quartapp.mail import Delivery, MailError, Recipient, Status
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.decision import describe
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.tables import attempts, messages, recipients
from quartapp.mail.transports import Answer, Result
from tests.mail.outbox.sample import (
    ACCEPTED,
    DAY,
    HOUR,
    LATER,
    NEVER,
    attempt,
    heir,
    judged,
    new,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.database import Database

MANY = 1_200
"""More recipients, and more messages, than a statement may have parameters."""

MOST_PARAMETERS = 1_000


def people(many):
    return [f"person-{number}@example.com" for number in range(many)]


def recipient(status, code=None, reply=""):
    return Recipient("ada@example.com", status, code, reply)


REJECTED = recipient(Status.FAILED, 550, "5.1.1 no such user")
DEFERRED = recipient(Status.QUEUED, 451, "4.7.1 later")
GIVEN_UP = recipient(Status.FAILED, 451, "given up: later")
SENT = recipient(Status.SENT, 250, "ok")


@pytest.mark.parametrize(
    ("all_", "words"),
    [
        ([SENT] * 5_000, ""),
        (
            [SENT] * 2 + [REJECTED] * 4_998,
            "4,998 of 5,000 rejected; first: 550 5.1.1 no such user",
        ),
        (
            [SENT, *[REJECTED] * 4, *[DEFERRED] * 5],
            "5 of 10 deferred, 4 rejected; first: 451 4.7.1 later",
        ),
        ([GIVEN_UP] * 4, "4 of 4 failed; first: 451 given up: later"),
        ([recipient(Status.QUEUED)] * 4, "4 of 4 queued"),
        ([recipient(Status.CANCELLED)] * 4 + [SENT], "4 of 5 cancelled"),
        (
            [SENT, REJECTED],
            "1 of 2 accepted; ada@example.com: 550 5.1.1 no such user",
        ),
        ([DEFERRED], "ada@example.com: 451 4.7.1 later"),
    ],
)
def test_a_detail_counts_many_recipients_and_names_few(all_, words):
    assert describe(tuple(all_)) == words


def test_a_detail_quotes_only_the_beginning_of_a_reply():
    verbose = recipient(Status.FAILED, 550, "no " * 10_000)

    assert len(describe((verbose,) * 3)) < 2_000
    assert len(describe((verbose,) * 10_000)) < 1_000


def test_a_reply_without_an_end_is_cut():
    answer = Answer(Result.PERMANENT, 550, "no " * 10_000)

    assert len(answer.reply) == Answer.LONGEST


@contextmanager
def parameters_in(database: Database) -> Iterator[list[int]]:
    """How many parameters each statement has meanwhile."""
    seen: list[int] = []

    def note(_connection, _cursor, _statement, parameters, _context, is_many):
        seen.extend(map(len, parameters) if is_many else [len(parameters)])

    engines = [each.sync_engine for each in database.engines]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_no_statement_grows_with_the_recipients_of_a_message(outbox, clock):
    halves = [NEVER] * (MANY // 2) + [LATER] * (MANY // 2)
    with parameters_in(outbox.database) as seen:
        queued = await outbox.enqueue(new(*people(MANY)))
        await attempt(outbox, *halves)
        clock.go_on(HOUR)
        await attempt(outbox, ACCEPTED)
        await outbox.retry([queued.id])
        await outbox.cancel([queued.id])
        await Report(outbox, list).history(queued.id)
        await outbox.find(Filter(recipient=people(MANY)[-1]), 50)
        clock.go_on(100 * DAY)
        await outbox.prune()

    assert await outbox.get(queued.id) is None
    assert max(seen) <= MOST_PARAMETERS


async def test_no_statement_grows_with_the_messages_that_are_changed(outbox, clock):
    with parameters_in(outbox.database) as seen:
        queued = await outbox.enqueue_all([new() for _ in range(MANY)])
        ids = [each.id for each in queued]
        batches = [await outbox.claim(150) for _ in range(8)]
        claims = [claim for batch in batches for claim in batch.claims]
        await outbox.renew(claims)
        await outbox.stamp(claims)
        left_out = await outbox.claim(1, except_for=tuple(claim.id for claim in claims))
        await outbox.claim(1, except_for=tuple(claim.id for claim in claims[:400]))
        await outbox.record([judged(claim, clock.now(), NEVER) for claim in claims[:500]])
        await heir(outbox, 256)
        cancelled = await outbox.cancel(ids)
        retried = await outbox.retry(ids)
        await outbox.hasten()
        await outbox.has_work()
        clock.go_on(100 * DAY)
        await outbox.prune()

    assert (left_out.claims, len(cancelled), len(retried)) == ((), MANY - 500, 500)
    assert max(seen) <= MOST_PARAMETERS


def test_a_filter_takes_as_many_ids_as_a_statement():
    with pytest.raises(MailError, match="500 at most"):
        Filter(ids=["id"] * 501)


async def test_the_same_reply_is_stored_once_for_a_message(outbox):
    queued = await outbox.enqueue(new(*people(6)))
    await attempt(outbox, NEVER, LATER, NEVER, LATER, ACCEPTED, NEVER)

    async with outbox.database.reading() as connection:
        stored = (await connection.execute(select(recipients.c.reply))).scalars().all()
    found = await outbox.get(queued.id)

    assert sorted(filter(None, stored)) == ["2.0.0 ok", "4.7.1 later", "5.1.1 no such user"]
    assert [each.reply for each in found.recipients] == [
        NEVER.reply,
        LATER.reply,
        NEVER.reply,
        LATER.reply,
        ACCEPTED.reply,
        NEVER.reply,
    ]


async def test_a_reply_stays_when_the_first_recipient_with_it_has_another(outbox, clock):
    queued = await outbox.enqueue(new(*people(4)))
    await attempt(outbox, LATER, LATER, NEVER, NEVER)
    clock.go_on(HOUR)
    await attempt(outbox, ACCEPTED, NEVER)

    found = await outbox.get(queued.id)

    assert [(each.status, each.reply) for each in found.recipients] == [
        ("sent", ACCEPTED.reply),
        ("failed", NEVER.reply),
        ("failed", NEVER.reply),
        ("failed", NEVER.reply),
    ]


async def test_what_an_attempt_leaves_does_not_grow_with_the_recipients(outbox):
    queued = await outbox.enqueue(new(*people(MANY)))
    await attempt(outbox, NEVER)

    async with outbox.database.reading() as connection:
        listed = (await connection.execute(select(attempts.c.detail, attempts.c.reply))).one()
    found = await outbox.get(queued.id)

    words = "1,200 of 1,200 rejected; first: 550 5.1.1 no such user"
    assert (found.detail, *listed) == (words, words, "550 5.1.1 no such user")


async def test_lists_have_the_first_recipients_and_count_all(outbox):
    queued = await outbox.enqueue(new(*people(250)))

    [listed] = await outbox.find(Filter(), 50)
    found = await outbox.get(queued.id)

    first = people(250)[: Delivery.LISTED]
    assert [each.address for each in listed.recipients] == first
    assert [each.address for each in found.recipients] == people(250)
    assert listed.recipient_count == found.recipient_count == queued.recipient_count == 250


async def test_a_message_is_the_same_in_each_list(outbox):
    await outbox.enqueue(new(*people(3)))
    await outbox.enqueue(new(*people(2), subject="Another"))
    await attempt(outbox, NEVER)

    listed = await outbox.find(Filter(), 50)

    assert listed == [await outbox.get(each.id) for each in listed]


async def test_recipients_are_shown_page_by_page(outbox):
    queued = await outbox.enqueue(new(*people(5)))
    await attempt(outbox, NEVER, ACCEPTED, NEVER, ACCEPTED, NEVER)
    report = Report(outbox, list)

    last = (await report.history(queued.id, first=3, size=3)).recipients
    failed = (await report.history(queued.id, status=Status.FAILED, first=1, size=1)).recipients

    assert [each.address for each in last.recipients] == people(5)[3:]
    assert [each.reply for each in last.recipients] == [ACCEPTED.reply, NEVER.reply]
    assert (last.earlier, last.later, last.total) == (0, None, 5)
    assert [(each.address, each.reply) for each in failed.recipients] == [
        (people(5)[2], NEVER.reply)
    ]
    assert (failed.earlier, failed.later, failed.total) == (0, 2, 3)
    assert failed.counts == {Status.SENT: 2, Status.FAILED: 3}


async def test_a_claim_has_few_messages_with_many_recipients(outbox):
    for _ in range(3):
        await outbox.enqueue(new())
    async with outbox.database.writing() as connection:
        await connection.execute(update(messages).values(recipient_count=6_000))

    batches = [await outbox.claim(8) for _ in range(3)]

    assert [len(batch.claims) for batch in batches] == [2, 1, 0]
    assert [batch.has_more for batch in batches] == [True, False, False]


async def test_messages_with_many_recipients_are_all_cancelled(outbox):
    queued = [await outbox.enqueue(new()) for _ in range(3)]
    async with outbox.database.writing() as connection:
        await connection.execute(update(messages).values(recipient_count=6_000))

    changed = await outbox.cancel([each.id for each in queued])

    assert sorted(changed) == sorted(each.id for each in queued)
    assert {each.status for each in await outbox.find(Filter(), 9)} == {Status.CANCELLED}
