"""Pruning: what is deleted, and when."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from quartapp.mail import Status
from quartapp.mail.outbox import Outbox
from quartapp.mail.outbox.tables import attempts, contents, messages, recipients
from quartapp.mail.settings import Backend, MailSettings, OnUncertain
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, DAY, LATER, NEVER, UNSURE, attempt, new


async def has_content(outbox, delivery_id):
    return await outbox.load([delivery_id]) != [None]


@pytest.mark.parametrize(
    ("answer", "days"), [(ACCEPTED, 7), (NEVER, 90), (UNSURE, 90)], ids=["sent", "failed", "held"]
)
async def test_content_is_stored_as_long_as_the_messages_state_asks_for(
    outbox, clock, answer, days
):
    queued = await outbox.enqueue(new())
    await attempt(outbox, answer, on_uncertain=OnUncertain.HOLD)

    clock.go_on(days * DAY * 0.99)
    early = (await outbox.prune(), await has_content(outbox, queued.id))
    clock.go_on(days * DAY * 0.01)
    late = (await outbox.prune(), await has_content(outbox, queued.id))

    assert (early, late) == ((0, True), (1, False))


async def test_the_content_of_a_cancelled_message_is_pruned_as_early_as_of_a_sent_one(
    outbox, clock
):
    queued = await outbox.enqueue(new())
    await outbox.cancel([queued.id])

    clock.go_on(7 * DAY)

    assert (await outbox.prune(), await has_content(outbox, queued.id)) == (1, False)


async def test_the_content_of_an_open_message_is_never_pruned(outbox, clock):
    queued = await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, ACCEPTED, LATER)

    clock.go_on(1000 * DAY)

    assert (await outbox.prune(), await has_content(outbox, queued.id)) == (0, True)


async def test_a_message_without_content_is_still_shown(outbox, clock):
    queued = await outbox.enqueue(new())
    await attempt(outbox, ACCEPTED)
    before = await outbox.get(queued.id)

    clock.go_on(8 * DAY)
    await outbox.prune()

    assert await outbox.get(queued.id) == before


async def test_after_a_year_nothing_is_left(outbox, database, clock):
    await outbox.enqueue(new(ADA, BOB))
    await attempt(outbox, NEVER, ACCEPTED)

    clock.go_on(366 * DAY)
    await outbox.prune()

    async with database.reading() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (messages, recipients, contents, attempts)
        ]
    assert counts == [0, 0, 0, 0]


async def test_a_longer_retention_than_a_year_is_respected(database, clock):
    settings = MailSettings(backend=Backend.SMTP, retention_failed=730 * DAY.total_seconds())
    outbox = Outbox(database, settings, clock)
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)

    clock.go_on(400 * DAY)

    assert (await outbox.prune(), await has_content(outbox, queued.id)) == (0, True)


async def test_a_retried_message_has_its_content_as_long_as_it_is_open(outbox, clock):
    queued = await outbox.enqueue(new())
    await attempt(outbox, NEVER)
    await outbox.retry([queued.id])

    clock.go_on(100 * DAY)

    assert (await outbox.prune(), await has_content(outbox, queued.id)) == (0, True)
    assert (await outbox.get(queued.id)).status is Status.QUEUED
