"""What a visitor is told about a message, state by state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail import Delivery, Recipient, Status
from quartapp.web.progress import progress

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ADMIN = "admin@example.com"


def delivery(status: Status, **changes: object) -> Delivery:
    values = {
        "id": "message",
        "message_id": "<1@example.com>",
        "status": status,
        "subject": "[Flasky] New User",
        "recipients": (Recipient(ADMIN, status),),
        "attempts": 0,
        "due_at": None,
        "created_at": NOW,
        "sent_at": None,
        "detail": "",
        "recipient_count": 1,
    }
    return Delivery(**{**values, **changes})


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (delivery(Status.QUEUED, due_at=NOW), "will be sent shortly"),
        (
            delivery(Status.QUEUED, due_at=NOW, detail="mail:25 refused"),
            "as soon as the server is back",
        ),
        (delivery(Status.QUEUED, due_at=LATER), "will be sent at 14:05 UTC"),
        (delivery(Status.QUEUED, due_at=LATER, attempts=1), "next attempt is at 14:05 UTC"),
        (delivery(Status.QUEUED, due_at=LATER, attempts=1), "connection to the mail server"),
        (
            delivery(
                Status.QUEUED,
                due_at=LATER,
                attempts=1,
                recipients=(Recipient(ADMIN, Status.QUEUED, 451, f"{ADMIN} greylisted"),),
            ),
            "asked us to try again later",
        ),
        (delivery(Status.SENDING), "on its way"),
        (delivery(Status.SENT, sent_at=NOW + timedelta(seconds=0.31)), "it took 0.3 seconds"),
        (delivery(Status.SENT, sent_at=NOW + timedelta(seconds=42)), "it took 42 seconds"),
        (delivery(Status.SENT, sent_at=NOW + timedelta(hours=1)), "it took 60 minutes"),
        (delivery(Status.SENT, sent_at=NOW, detail="suppressed"), "was not sent"),
        (delivery(Status.FAILED, detail=f"{ADMIN}: 550 no"), "could not be sent"),
        (delivery(Status.CANCELLED), "was cancelled"),
        (delivery(Status.UNCERTAIN, due_at=LATER), "once more at 14:05 UTC"),
        (delivery(Status.UNCERTAIN, due_at=NOW), "once more shortly"),
        (delivery(Status.UNCERTAIN), "may or may not have arrived"),
        (delivery(Status.UNCERTAIN), "An operator will decide"),
    ],
)
def test_every_state_has_its_sentence_and_none_has_an_address(message, words):
    told = progress(message, NOW)

    assert words in told.sentence
    assert "@" not in told.sentence
    assert told.is_final is message.is_final
