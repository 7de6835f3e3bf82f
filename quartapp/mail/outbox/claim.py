"""A message in our hands: what the outbox lends for one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Recipient

__all__ = ["Claim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message, lent to one process until its lease ends. No bytes: those come with a connection.

    size
        Bytes of the message.
    token
        Whose it is; every write-back must still find it in the row.
    recipients
        All of the message's, as they stood before this attempt.
    since
        When giving up is counted from.
    outages
        Server outages in a row that began with this very message (a 421 during its transaction).
    intent_at
        When an earlier owner was about to send its end of data, and was not heard of again.
    """

    id: str
    token: str
    message_id: str
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
        """The addresses that this attempt is for; the others wait or are done with."""
        return tuple(
            recipient.address
            for recipient in self.recipients
            if recipient.due_at is not None and recipient.due_at <= now
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether its sender no longer wants it sent."""
        return self.expires_at is not None and self.expires_at <= now
