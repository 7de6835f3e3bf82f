"""Where a message stands: frozen snapshots of the outbox, safe to keep and to compare."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["Delivery", "Receipt", "Recipient", "Status", "overall"]


class Status(StrEnum):
    """The states of a message. Never "delivered": a 250 means that the relay took it, no more.

    Recipients carry the same words without `SENDING`.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One envelope recipient and what the server last said to it.

    code, reply
        The server's last reply (RFC 5321 section 4.2), None and "" before the first.
    due_at
        When it is tried next, None when it never will be.
    """

    address: str
    status: Status
    code: int | None = None
    reply: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `Mail.send` came back with: the message's Message-ID and each recipient's answer."""

    message_id: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in the outbox, as it stood when it was looked at.

    id
        Unguessable; safe in an address that a visitor sees.
    attempts
        Tries that reached the message; the server's own trouble is not counted.
    due_at
        The earliest time at which it is tried next; None while it is being sent and when it
        never will be again.
    detail
        What is to be said about it, in a sentence.
    """

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

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to this message unless a person asks for it."""
        match self.status:
            case Status.SENT | Status.FAILED | Status.CANCELLED:
                return True
            case Status.UNCERTAIN:
                return self.due_at is None
            case _:
                return False


def overall(statuses: Iterable[Status]) -> Status:
    """A message's status: the first of open, uncertain, failed, cancelled that any recipient is in.

    `SENT` when every recipient was accepted.
    """
    present = set(statuses)
    for status in (Status.QUEUED, Status.UNCERTAIN, Status.FAILED, Status.CANCELLED):
        if status in present:
            return status
    return Status.SENT
