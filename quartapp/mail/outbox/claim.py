"""A claimed message: what a worker holds for one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from quartapp.mail.choices import Priority

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Delivery, Recipient

__all__ = ["Batch", "Claim", "Key", "Lease"]

RECIPIENT_SIZE = 512
"""Bytes of a recipient and of the reply about it, about."""

Key = tuple[str, str]
"""A message's id and the token of an owner."""


class Lease(NamedTuple):
    """A claim as others see it in the row. The lease runs as long as this changes.

    renewals
        How often its owner has renewed it.
    lasts
        For how long each renewal is good, in seconds: as its owner's MAIL_LEASE says.
    """

    id: str
    token: str
    renewals: int
    lasts: float


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
    was_sent
        Whether a recipient had accepted it before it was claimed.
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
    priority: Priority = Priority.NORMAL
    was_sent: bool = False

    @property
    def key(self) -> Key:
        """What tells this claim from another one of the same message."""
        return self.id, self.token

    @property
    def weight(self) -> int:
        """Bytes in memory, about, once its content is loaded."""
        return self.size + RECIPIENT_SIZE * len(self.recipients)

    def due(self, now: datetime) -> tuple[str, ...]:
        """The addresses that this attempt is for; the others are due later or final.

        A message is claimed because it is due: its earliest recipients are, wherever a clock that
        was moved stands by now.
        """
        dues = [recipient.due_at for recipient in self.recipients if recipient.due_at is not None]
        latest = max(now, min(dues, default=now))
        return tuple(
            recipient.address
            for recipient in self.recipients
            if recipient.due_at is not None and recipient.due_at <= latest
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether it is past its `expires`."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of an order: the claims, and whether to ask again at once.

    claims
        In the order of their priority, and then earliest due first.

    stopped
        Messages that ended here instead: they had been cancelled while a dead owner had them.
    """

    claims: tuple[Claim, ...]
    has_more: bool
    stopped: tuple[Delivery, ...] = ()
