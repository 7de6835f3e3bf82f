"""What an operator is shown of the outbox: frozen values, made in one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from quartapp.mail.outbox.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["Action", "Attempt", "Figures", "History", "Minute", "Page"]


class Action(StrEnum):
    """What a person can do about messages: have them tried again, or stopped."""

    RETRY = "retry"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the messages that were searched for, the newest first.

    newer, older
        The id to go on from, as `after` and as `before`; None where there is nothing more.
    looked_to
        When the search stopped early, having looked at many messages that did not match: how far
        it came. `newer` or `older` then goes on from there.
    """

    messages: tuple[Delivery, ...]
    newer: str | None = None
    older: str | None = None
    looked_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a message that did not simply succeed: how it ended, and in the server's words."""

    number: int
    ended_at: datetime
    status: Status
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that is known of one message, except what it says.

    size
        Of the message as it is sent, in bytes.
    is_pruned
        Whether its bytes are gone, so that it cannot be tried again.
    wants_cancel
        Whether it is cancelled as soon as the attempt under way has ended.
    """

    delivery: Delivery
    sender: str
    template: str | None
    size: int
    backend: str
    key: str | None
    expires_at: datetime | None
    is_pruned: bool
    wants_cancel: bool
    attempts: tuple[Attempt, ...]

    def allows(self, action: Action) -> bool:
        """Whether the action would change anything."""
        status = self.delivery.status
        match action:
            case Action.RETRY:
                return status in (Status.FAILED, Status.UNCERTAIN) and not self.is_pruned
            case Action.CANCEL:
                is_open = self.delivery.due_at is not None or status is Status.SENDING
                return is_open and not self.wants_cancel


@dataclass(frozen=True, slots=True)
class Minute:
    """What became of the messages that ended in one minute.

    failed
        Those that failed, or of which nobody knows.
    """

    starts_at: datetime
    sent: int
    failed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How the outbox stands.

    counts
        Messages in each state; `COUNTED` and one more stands for any number above it.
    oldest
        The id of the oldest message that is queued or being sent.
    minutes
        The last hour, oldest first; of a minute no more than the first `A_MINUTE` are looked at.
    """

    COUNTED = 10_000
    A_MINUTE = 1_000

    counts: Mapping[Status, int]
    oldest: str | None
    oldest_at: datetime | None
    minutes: tuple[Minute, ...]
