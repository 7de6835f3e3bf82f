"""What is decided after an attempt, as a table of what came back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from quartapp.mail import Status
from quartapp.mail.delivery.retry import Retry
from quartapp.mail.outbox.delivery import Recipient
from quartapp.mail.settings import MailSettings, OnUncertain
from quartapp.mail.transports import Answer, Outcome, Result, ServerOutage
from tests.mail.delivery.sample import NOW, claim_of

if TYPE_CHECKING:
    from quartapp.mail.outbox.claim import Claim

ADA, BOB = "ada@example.com", "bob@example.com"

ACCEPTED = Answer(Result.ACCEPTED, 250, "ok")
LATER = Answer(Result.TRANSIENT, 451, "later")
NEVER = Answer(Result.PERMANENT, 550, "no such user")
UNSURE = Answer(Result.UNCERTAIN, None, "connection lost after the end of data")


def claim(*addresses: str, **changes: object) -> Claim:
    """A claim on a message to Ada if nobody is named."""
    return claim_of(*(addresses or (ADA,)), **changes)


def rules(jitter: float = 1.0, **settings: object) -> Retry:
    return Retry(MailSettings(**settings), NOW, jitter)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((ACCEPTED, ACCEPTED), Status.SENT),
        ((ACCEPTED, LATER), Status.QUEUED),
        ((ACCEPTED, NEVER), Status.FAILED),
        ((ACCEPTED, UNSURE), Status.UNCERTAIN),
        ((NEVER, UNSURE), Status.UNCERTAIN),
        ((NEVER, LATER), Status.QUEUED),
        ((NEVER, NEVER), Status.FAILED),
    ],
)
def test_a_message_is_in_the_state_of_its_least_finished_recipient(answers, status):
    outcome = Outcome(dict(zip((ADA, BOB), answers, strict=True)))

    decision = rules().judge(claim(ADA, BOB), outcome)

    assert (decision.status, decision.attempts) == (status, 1)


@pytest.mark.parametrize(
    ("attempted", "delay"),
    [(None, 60), (10, 60), (60, 60), (600, 600), (3999, 3999), (100_000, 4000)],
)
def test_a_retry_waits_as_long_again_as_since_the_first_attempt(attempted, delay):
    decision = rules().judge(claim(attempted=attempted), Outcome({ADA: LATER}))

    assert decision.due_at == NOW + timedelta(seconds=delay)


@pytest.mark.parametrize("jitter", [0.9, 1.1])
def test_a_retry_is_spread_by_a_tenth(jitter):
    decision = rules(jitter).judge(claim(attempted=1000), Outcome({ADA: LATER}))

    assert decision.due_at == NOW + timedelta(seconds=1000 * jitter)


def test_a_message_is_given_up_after_its_time():
    old = claim(age=5 * 86400, attempted=4000)

    decision = rules().judge(old, Outcome({ADA: LATER}))

    assert (decision.status, decision.due_at) == (Status.FAILED, None)
    assert decision.detail == "ada@example.com: 451 given up: later"


def test_an_outage_longer_than_the_give_up_time_ends_no_message():
    old = claim(age=30 * 86400)

    decision = rules().postpone(old, ServerOutage("mail:25 refused the connection"))

    assert (decision.status, decision.attempts, decision.due_at) == (Status.QUEUED, 0, NOW)


def test_an_outage_costs_no_attempt_and_is_shown():
    decision = rules().postpone(claim(), ServerOutage("mail:25 refused the connection"))

    assert (decision.attempts, decision.counts) == (0, False)
    assert decision.detail == "mail:25 refused the connection"


def test_the_third_421_in_a_row_counts():
    outage = ServerOutage("rejected MAIL FROM: 421 busy", code=421, mid_message=True)

    decisions = [rules().postpone(claim(outages=before), outage) for before in (0, 1, 2)]

    assert [decision.attempts for decision in decisions] == [0, 0, 1]
    assert [decision.outages for decision in decisions] == [1, 2, 0]
    assert decisions[2].due_at == NOW + timedelta(seconds=60)


def test_another_outage_ends_the_row_of_421s():
    decision = rules().postpone(claim(outages=2), ServerOutage("refused the connection"))

    assert (decision.attempts, decision.outages) == (0, 0)


def test_an_uncertain_message_is_resent_after_its_delay():
    decision = rules().judge(claim(), Outcome({ADA: UNSURE}))

    assert (decision.status, decision.is_final) == (Status.UNCERTAIN, False)
    assert decision.due_at == NOW + timedelta(seconds=1800)


def test_an_uncertain_message_may_be_held_for_a_recipient():
    decision = rules(on_uncertain=OnUncertain.HOLD).judge(claim(), Outcome({ADA: UNSURE}))

    assert (decision.status, decision.due_at, decision.is_final) == (Status.UNCERTAIN, None, True)


def test_recipients_without_an_attempt_stay_as_they_were():
    waiting = Recipient(BOB, Status.QUEUED, 451, "later", NOW + timedelta(hours=1))
    both = claim(recipients=(Recipient(ADA, Status.QUEUED, due_at=NOW), waiting))

    decision = rules().judge(both, Outcome({ADA: ACCEPTED}))

    assert decision.recipients[1] == waiting
    assert (decision.status, decision.due_at) == (Status.QUEUED, waiting.due_at)


def test_an_expired_message_fails_with_that_reason_and_no_attempt():
    decision = rules().expire(claim())

    assert (decision.status, decision.attempts) == (Status.FAILED, 0)
    assert decision.detail == "ada@example.com: expired before it could be sent"


def test_a_message_is_due_no_later_than_it_expires():
    soon = NOW + timedelta(seconds=5)

    decision = rules().judge(claim(expires_at=soon), Outcome({ADA: LATER}))

    assert decision.due_at == soon


def test_a_message_that_is_cancelled_meanwhile_is_not_retried():
    decision = rules().judge(claim(ADA, BOB), Outcome({ADA: ACCEPTED, BOB: LATER})).cancelled()

    assert (decision.status, decision.due_at) == (Status.CANCELLED, None)
    assert [recipient.status for recipient in decision.recipients] == [
        Status.SENT,
        Status.CANCELLED,
    ]


def test_those_who_are_left_for_the_next_transaction_are_not_written_again():
    before = claim(ADA, BOB)

    decision = rules().judge(before, Outcome({ADA: ACCEPTED}))

    assert decision.recipients[1] == before.recipients[1]
    assert (decision.goes_on, decision.due_at) == (True, NOW)
