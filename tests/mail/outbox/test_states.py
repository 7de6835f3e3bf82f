"""The table of states: what is final, what a person may do, and what the database says of it."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from quartapp.mail import Action, Filter, Status
from quartapp.mail.outbox.query.sweep import how_many
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.states import FAILURES, STATES, allowing, overall
from quartapp.mail.outbox.tables import messages
from tests.mail.outbox.backlog import many_messages
from tests.mail.outbox.sample import NOW

QUEUED, SENDING, SENT = Status.QUEUED, Status.SENDING, Status.SENT
FAILED, CANCELLED, UNCERTAIN = Status.FAILED, Status.CANCELLED, Status.UNCERTAIN


def test_every_state_is_in_the_table():
    assert set(STATES) == set(Status)


@pytest.mark.parametrize(
    ("status", "due_at", "is_final"),
    [
        (QUEUED, NOW, False),
        (SENDING, None, False),
        (SENT, None, True),
        (FAILED, None, True),
        (CANCELLED, None, True),
        (UNCERTAIN, None, True),
        (UNCERTAIN, NOW, False),
    ],
)
def test_a_final_message_changes_only_when_a_person_asks(status, due_at, is_final):
    assert STATES[status].is_final(due_at) is is_final


@pytest.mark.parametrize(
    ("status", "due_at", "actions"),
    [
        (QUEUED, NOW, {Action.CANCEL}),
        (SENDING, None, {Action.CANCEL}),
        (SENT, None, set()),
        (FAILED, None, {Action.RETRY}),
        (CANCELLED, None, set()),
        (UNCERTAIN, None, {Action.RETRY}),
        (UNCERTAIN, NOW, {Action.RETRY, Action.CANCEL}),
    ],
)
def test_a_state_says_what_a_person_may_do(status, due_at, actions):
    state = STATES[status]

    allowed = {
        action for action in Action if state.allows(action, due_at=due_at, wants_cancel=False)
    }

    assert allowed == actions


@pytest.mark.parametrize("status", Status)
def test_nothing_is_cancelled_twice(status):
    state = STATES[status]

    assert not state.allows(Action.CANCEL, due_at=None, wants_cancel=True)


@pytest.mark.parametrize(
    ("recipients", "status"),
    [
        ([SENT, SENT], SENT),
        ([SENT, CANCELLED], CANCELLED),
        ([CANCELLED, FAILED, SENT], FAILED),
        ([FAILED, UNCERTAIN, CANCELLED], UNCERTAIN),
        ([SENT, UNCERTAIN, FAILED, QUEUED], QUEUED),
    ],
)
def test_a_message_has_the_first_state_that_applies_to_a_recipient(recipients, status):
    assert overall(recipients) is status


def test_failed_and_uncertain_messages_are_failures():
    assert set(FAILURES) == {FAILED, UNCERTAIN}


def test_a_state_that_allows_an_action_is_listed_for_it():
    assert set(allowing(Action.RETRY)) == {FAILED, UNCERTAIN}
    assert set(allowing(Action.CANCEL)) == {QUEUED, SENDING, UNCERTAIN}


@pytest.mark.parametrize("action", Action)
async def test_the_database_counts_what_the_table_allows(outbox, action):
    await _fill_with_every_combination(outbox)

    async with outbox.database.reading() as connection:
        counted = await how_many(connection, Filter(), action)
        rows = (await connection.execute(select(messages))).all()

    assert counted == sum(_allows(row, action) for row in rows) > 0


@pytest.mark.parametrize("action", Action)
async def test_an_action_changes_what_the_table_allows(outbox, action):
    await _fill_with_every_combination(outbox)
    async with outbox.database.reading() as connection:
        rows = (await connection.execute(select(messages))).all()

    changed = await Report(outbox, lambda ids: ids).act(Filter(), action)

    assert sorted(changed) == sorted(row.id for row in rows if _allows(row, action))


def _allows(row, action):
    return STATES[Status(row.status)].allows(
        action, due_at=row.due_at, wants_cancel=row.wants_cancel
    )


async def _fill_with_every_combination(outbox):
    """A message in each state, with and without what else decides, where both go together."""
    due = {QUEUED: [NOW], UNCERTAIN: [NOW, None]}
    async with outbox.database.writing() as connection:
        for status, wants in itertools.product(Status, (False, True)):
            for due_at in due.get(status, [None]):
                await connection.execute(
                    many_messages(
                        f"{status}-{wants}-{due_at is None}",
                        1,
                        status=status,
                        due_at=due_at,
                        wants_cancel=wants,
                    )
                )
