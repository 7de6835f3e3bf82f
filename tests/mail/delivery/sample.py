"""Claims to test what a process does with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quartapp.mail import Status
from quartapp.mail.outbox.claim import Claim
from quartapp.mail.outbox.delivery import Recipient

__all__ = ["NOW", "claim_of"]

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def claim_of(
    *addresses: str, age: float = 0, attempted: float | None = None, **changes: object
) -> Claim:
    """A claim on a message queued `age` seconds ago and first attempted `attempted` seconds ago."""
    values = {
        "id": "message",
        "token": "token",
        "message_id": "<1@example.com>",
        "backend": "smtp",
        "size": 100,
        "subject": "",
        "sender": "flasky@example.com",
        "recipients": tuple(Recipient(address, Status.QUEUED, due_at=NOW) for address in addresses),
        "mail_options": (),
        "rcpt_options": (),
        "attempts": 0,
        "created_at": NOW - timedelta(seconds=age),
        "since": NOW - timedelta(seconds=age),
        "expires_at": None,
        "first_attempt_at": None if attempted is None else NOW - timedelta(seconds=attempted),
        "outages": 0,
        "intent_at": None,
    }
    return Claim(**{**values, **changes})
