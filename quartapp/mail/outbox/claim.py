"""A claimed message: what a worker holds for one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Recipient

__all__ = ["Claim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message, held by one process until its lease ends; its content is loaded later.

    size
        Bytes of the message.
    token
        Names the owner; every write-back must still find it in the row.
    recipients
        All of the message's, as they stood before this attempt.
    since
        When giving up is counted from.
    outages
        Server outages in a row that began with this very message (a 421 during its transaction).
    intent_at
        When an earlier owner, since dead, was about to send its end of data.
    """

    id: str
    token: str
    message_id: str
    backend: str
    size: int
    subject: str
    sender: str
    recipients: tuple[Recipient, ...]
    mail_options: tuple[str, ...]
    rcpt_options: tuple[str, ...]
    attempts: int
    created_at: datetime
    since: datetime
    expires_at: datetime | None
    first_attempt_at: datetime | None
    outages: int
    intent_at: datetime | None

    def due(self, now: datetime) -> tuple[str, ...]:
        """The addresses that this attempt is for; the others are due later or final."""
        return tuple(
            recipient.address
            for recipient in self.recipients
            if recipient.due_at is not None and recipient.due_at <= now
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether it is past its `expires`."""
        return self.expires_at is not None and self.expires_at <= now
