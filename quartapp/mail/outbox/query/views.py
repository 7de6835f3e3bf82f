"""The outbox as an operator sees it: frozen values, each read in one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quartapp.mail.outbox.states import STATES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Delivery, Recipient
    from quartapp.mail.outbox.states import Action, Status
    from quartapp.mail.outbox.workers import WorkerState

__all__ = ["Attempt", "Figures", "History", "Minute", "Page", "RecipientPage"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the messages that were searched for, the newest first.

    newer, older
        The id to go on from, as `after` and as `before`; None where there is nothing more.
    looked_to
        When the search stopped early, having read many messages that did not match: how far it
        came. `newer` or `older` then goes on from there.
    """

    messages: tuple[Delivery, ...]
    newer: str | None = None
    older: str | None = None
    looked_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that did not simply succeed: how it ended, and the server's reply."""

    number: int
    ended_at: datetime
    status: Status
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPage:
    """Some of a message's recipients, in the order of the envelope.

    status
        The state that they are in; None for recipients in any.
    first
        How many of those come before.
    counts
        How many recipients are in each state that any is in.
    """

    SIZE: ClassVar[int] = 100

    recipients: tuple[Recipient, ...]
    status: Status | None
    first: int
    size: int
    counts: Mapping[Status, int]

    @property
    def total(self) -> int:
        """How many there are on all pages."""
        return sum(self.counts.values()) if self.status is None else self.counts.get(self.status, 0)

    @property
    def end(self) -> int:
        """How many there are up to the last one of this page."""
        return self.first + len(self.recipients)

    @property
    def earlier(self) -> int | None:
        """Where the page before begins, None where there is none."""
        return max(0, self.first - self.size) if self.first else None

    @property
    def later(self) -> int | None:
        """Where the next page begins, None where there is none."""
        return self.end if self.end < self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that is stored about one message, except its content.

    recipients
        One page of them.
    size
        Bytes of the message as it is sent.
    wants_cancel
        Whether it is cancelled as soon as the attempt in progress has ended.
    """

    delivery: Delivery
    recipients: RecipientPage
    sender: str
    template: str | None
    size: int
    backend: str
    key: str | None
    expires_at: datetime | None
    wants_cancel: bool
    attempts: tuple[Attempt, ...]

    def allows(self, action: Action) -> bool:
        """Whether the action would change anything."""
        return STATES[self.delivery.status].allows(
            action,
            due_at=self.delivery.due_at,
            wants_cancel=self.wants_cancel,
        )


@dataclass(frozen=True, slots=True)
class Minute:
    """How the attempts of one minute ended, and how many messages were cancelled in it.

    failed
        Rejected, given up or expired.
    """

    starts_at: datetime
    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    cancelled: int = 0

    @property
    def attempts(self) -> int:
        """All but those cancelled."""
        return self.sent + self.deferred + self.failed + self.uncertain


@dataclass(frozen=True, slots=True)
class Figures:
    """The outbox in figures.

    at
        When they were read.
    backend
        The one of messages that are queued by this process.
    counts
        Messages in each state; `COUNTED` and one more stands for any number above it.
    suppressed
        Messages that were suppressed when they were queued, counted no further either; they are in
        `counts` too.
    waiting
        Messages of each backend that wait for an attempt, counted no further either.
    oldest
        The id of the oldest message that is queued or being sent.
    minutes
        The last hour, oldest first.
    replies
        Those of attempts of the last ten minutes that did not simply succeed: the latest
        `REPLIES`, the newest first.
    workers
        The processes that deliver now, on any host.
    """

    COUNTED = 10_000
    REPLIES = 500

    at: datetime
    backend: str
    counts: Mapping[Status, int]
    suppressed: int
    waiting: Mapping[str, int]
    oldest: str | None
    oldest_at: datetime | None
    minutes: tuple[Minute, ...]
    replies: tuple[str, ...]
    workers: tuple[WorkerState, ...]
