"""Where a message is: true in every state, for every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from quartapp.mail import Delivery, Recipient, Status
from quartapp.mail.outbox.query.views import History, RecipientPage
from quartapp.mail.outbox.workers import WorkerState
from quartapp.mail.pages.whereabouts import obstacle, whereabouts
from tests.mail.outbox.sample import ADA, NOW

LATER = NOW + timedelta(minutes=5)
MAILBOX = (WorkerState(backend="mailbox"), WorkerState(backend="smtp"))
SMTP = (WorkerState(backend="smtp"),)
PAUSED = (WorkerState(backend="mailbox", outage="mx.example refused the connection"),)
HELD = "It is held until a person retries or cancels it."
DROPPED = (
    "The connection dropped before the server confirmed the message; it may or may not arrive."
)
NO_PROCESS = "It waits for the backend mailbox, which no process runs."


def stored(status, *, due_at=None, attempts=0, code=None, reply="", backend="mailbox", **more):
    """A message as it is stored."""
    delivery = Delivery(
        id="message",
        message_id="<1@example.com>",
        status=status,
        subject="Tea",
        recipients=(Recipient(ADA, status, code, reply, due_at),),
        attempts=attempts,
        due_at=due_at,
        created_at=NOW,
        sent_at=None,
        detail=more.pop("detail", ""),
        recipient_count=1,
    )
    history = History(
        delivery=delivery,
        recipients=RecipientPage(
            recipients=delivery.recipients, status=None, first=0, size=100, counts={status: 1}
        ),
        sender=ADA,
        template=None,
        size=3,
        backend=backend,
        key=None,
        expires_at=None,
        wants_cancel=False,
        attempts=(),
    )
    return replace(history, **more)


GREYLISTED = {"attempts": 1, "code": 451, "reply": "4.7.1 Greylisted."}


@pytest.mark.parametrize(
    ("history", "workers", "sentence"),
    [
        pytest.param(
            stored(Status.QUEUED, due_at=NOW), MAILBOX,
            "The message is queued. It will be sent shortly.", id="queued",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=NOW), SMTP,
            f"The message is queued. {NO_PROCESS}", id="queued-for-another-backend",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=NOW), (),
            f"The message is queued. {NO_PROCESS}", id="queued-without-a-worker",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=NOW), PAUSED,
            "The message is queued. Delivery is paused: mx.example refused the connection",
            id="queued-in-an-outage",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=LATER), MAILBOX,
            "The message is queued. Next attempt 24 Nov 2026, 12:05:00 UTC.", id="later",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=LATER), (),
            f"The message is queued. Next attempt 24 Nov 2026, 12:05:00 UTC. {NO_PROCESS}",
            id="later-without-a-worker",
        ),
        pytest.param(
            stored(Status.QUEUED, due_at=LATER, **GREYLISTED), MAILBOX,
            "The message was deferred: 451 4.7.1 Greylisted. "
            "Next attempt 24 Nov 2026, 12:05:00 UTC.", id="deferred",
        ),
        pytest.param(
            stored(Status.SENDING), MAILBOX, "The message is being sent.", id="sending"
        ),
        pytest.param(
            stored(Status.SENDING, wants_cancel=True), MAILBOX,
            "The message is being sent; it is cancelled unless this attempt succeeds.",
            id="sending-to-be-cancelled",
        ),
        pytest.param(
            stored(Status.SENT), MAILBOX, "The message was sent, and is no longer in this mailbox.",
            id="sent",
        ),
        pytest.param(
            stored(Status.SENT, backend="smtp"), MAILBOX,
            "The message was sent, but not to this mailbox.", id="sent-elsewhere",
        ),
        pytest.param(
            stored(Status.SENT, backend="suppressed", detail="suppressed"), MAILBOX,
            "The message was suppressed, and so sent to nobody: MAIL_SUPPRESS_SEND was on.",
            id="suppressed",
        ),
        pytest.param(
            stored(Status.FAILED, attempts=1, code=550, reply="5.1.1 no such user"), MAILBOX,
            "The message failed: 550 5.1.1 no such user.", id="failed",
        ),
        pytest.param(
            stored(Status.FAILED, reply="expired before it could be sent"), MAILBOX,
            "The message failed: expired before it could be sent.", id="expired",
        ),
        pytest.param(
            stored(Status.FAILED), MAILBOX, "The message failed: no reason is known.", id="why"
        ),
        pytest.param(
            stored(Status.CANCELLED), (), "The message was cancelled.", id="cancelled"
        ),
        pytest.param(
            stored(Status.UNCERTAIN, due_at=LATER, attempts=1), MAILBOX,
            f"{DROPPED} Next attempt 24 Nov 2026, 12:05:00 UTC.", id="uncertain",
        ),
        pytest.param(
            stored(Status.UNCERTAIN, due_at=NOW, attempts=1), (), f"{DROPPED} {NO_PROCESS}",
            id="uncertain-without-a-worker",
        ),
        pytest.param(
            stored(Status.UNCERTAIN, attempts=1), (), f"{DROPPED} {HELD}", id="held"
        ),
    ],
)  # fmt: skip
def test_every_state_has_its_sentence(history, workers, sentence):
    assert whereabouts(history, workers, NOW) == sentence


@pytest.mark.parametrize("status", Status)
def test_nothing_keeps_a_message_that_has_no_next_attempt(status):
    assert obstacle(stored(status), ()) == ""
