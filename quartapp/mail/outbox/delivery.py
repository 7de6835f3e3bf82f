"""A message's state as its caller sees it: frozen snapshots, safe to store and to compare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from quartapp.mail.choices import Priority
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.states import STATES, Status

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Delivery", "Receipt", "Recipient", "decisive", "id_of", "reason"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One envelope recipient and the server's last reply about it.

    code, reply
        The server's last reply (RFC 5321 section 4.2), None and "" before the first.
    due_at
        The time of its next attempt, None when there will be none.
    """

    address: str
    status: Status
    code: int | None = None
    reply: str = ""
    due_at: datetime | None = None

    def stopped(self) -> Recipient:
        """The same without another attempt: what is still queued is cancelled."""
        status = Status.CANCELLED if self.status is Status.QUEUED else self.status
        return replace(self, status=status, due_at=None)


def id_of(delivery: Delivery | str) -> str:
    """The id of a message. Raises `MailError` for what is none."""
    if isinstance(delivery, Delivery):
        return delivery.id
    if isinstance(delivery, str):
        return delivery
    raise MailError(f"{type(delivery).__name__} is no message: give a Delivery or its id")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of `Mail.send`: the message's Message-ID, and each recipient's reply."""

    message_id: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in the outbox, as it was when it was read.

    id
        Unguessable; safe in an address that a visitor sees.
    recipients
        In the order of the envelope: all of them from `send_later`, `get`, `wait` and `watch`, the
        first `LISTED` where many messages are read at once. `recipient_count` counts all.
    attempts
        Attempts that reached the message; server outages are not counted.
    due_at
        The earliest time of its next attempt; None while it is being sent, and when there will be
        no other.
    detail
        What the status does not say, in a sentence that does not grow with the recipients.
    priority
        How soon it is sent among others that are due.
    """

    LISTED: ClassVar[int] = 100

    id: str
    message_id: str
    status: Status
    subject: str
    recipients: tuple[Recipient, ...]
    attempts: int
    due_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    detail: str
    recipient_count: int
    priority: Priority = Priority.NORMAL

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to this message unless a person asks for it."""
        return STATES[self.status].is_final(self.due_at)

    @property
    def is_pruned(self) -> bool:
        """Whether the message was deleted after its retention, and only its key is remembered."""
        return not self.recipients


def decisive(delivery: Delivery) -> Recipient | None:
    """The recipient that decided the message's state: the first one in it that has a reply."""
    same = [each for each in delivery.recipients if each.status is delivery.status]
    return next((each for each in same if each.code is not None), same[0] if same else None)


def reason(delivery: Delivery) -> str:
    """Why the message is in its state: the reply that decided it, else its detail."""
    recipient = decisive(delivery)
    reply = f"{recipient.code or ''} {recipient.reply}".strip() if recipient else ""
    return reply or delivery.detail
