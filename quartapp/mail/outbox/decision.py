"""What was decided about a message after an attempt: all that the outbox records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quartapp.mail.lines import shortened
from quartapp.mail.outbox.delivery import Delivery, Recipient, reason
from quartapp.mail.outbox.states import STATES, Status, overall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quartapp.mail.outbox.claim import Claim

__all__ = ["Decision", "describe"]

LONGEST_REPLY = 500
"""Characters of a reply in a detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A message's next state, for the claim that it was decided on.

    counts
        Whether the attempt reached the message, and so is part of its history.
    goes_on
        Whether the server took only some of the recipients, and the others are due at once: nobody
        is told before they are through.
    is_held
        Whether this claim goes on to be ours, for those others.
    """

    claim: Claim
    recipients: tuple[Recipient, ...]
    at: datetime
    detail: str
    counts: bool
    attempts: int
    first_attempt_at: datetime | None
    outages: int = 0
    goes_on: bool = False
    is_held: bool = False

    @property
    def status(self) -> Status:
        """The message's status, from those of its recipients."""
        if self.is_held:
            return Status.SENDING
        return overall(recipient.status for recipient in self.recipients)

    @property
    def due_at(self) -> datetime | None:
        """When the message is next due: its earliest recipient, or its expiry if that is sooner.

        Where it goes on, that is at once, and after the others that are due.
        """
        if self.is_held:
            return None
        if self.goes_on:
            return self.at
        dues = [recipient.due_at for recipient in self.recipients if recipient.due_at]
        if not dues:
            return None
        return min([*dues, self.claim.expires_at] if self.claim.expires_at else dues)

    @property
    def sent_at(self) -> datetime | None:
        """When it was sent, if this attempt completed it."""
        return self.at if self.status is Status.SENT else None

    @property
    def went_out(self) -> tuple[str, ...]:
        """The recipients that have accepted it; none where one had before it was claimed.

        So it goes out once, however many transactions and attempts it takes.
        """
        if self.claim.was_sent:
            return ()
        return tuple(each.address for each in self.recipients if each.status is Status.SENT)

    @property
    def reply(self) -> str:
        """The reply that decided, with its code."""
        return reason(self.delivery())

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to this message by itself."""
        return STATES[self.status].is_final(self.due_at)

    def cancelled(self) -> Decision:
        """The same for a message that was cancelled during the attempt: there is no other."""
        recipients = tuple(recipient.stopped() for recipient in self.recipients)
        detail = describe(recipients) or self.detail
        return replace(self, recipients=recipients, detail=detail, goes_on=False, is_held=False)

    def onward(self) -> Claim:
        """The claim for the next transaction of a message that is held."""
        return replace(
            self.claim,
            recipients=self.recipients,
            attempts=self.attempts,
            first_attempt_at=self.first_attempt_at,
            outages=0,
            intent_at=None,
        )

    def delivery(self) -> Delivery:
        """The message as it is once this decision is recorded."""
        claim = self.claim
        return Delivery(
            id=claim.id,
            message_id=claim.message_id,
            status=self.status,
            subject=claim.subject,
            recipients=self.recipients,
            attempts=self.attempts,
            due_at=self.due_at,
            created_at=claim.created_at,
            sent_at=self.sent_at,
            detail=self.detail,
            recipient_count=len(self.recipients),
            priority=claim.priority,
        )


NAMED = 3
"""Recipients that a detail names, each with its reply; more are counted."""


def describe(recipients: tuple[Recipient, ...]) -> str:
    """Say in a sentence what the status does not: which recipients, and what the server replied.

    It does not grow with them.
    """
    others = [recipient for recipient in recipients if recipient.status is not Status.SENT]
    if len(others) > NAMED:
        return _summary(others, len(recipients))
    names = "; ".join(f"{each.address}: {_reply(each) or each.status}" for each in others)
    if len(recipients) == 1 or not names:
        return names
    return f"{len(recipients) - len(others):,} of {len(recipients):,} accepted; {names}"


def _summary(others: Sequence[Recipient], total: int) -> str:
    """How many of all are in which state, and the first reply about one that decides."""
    counts = Counter(recipient.status for recipient in others)
    states = [status for status in STATES if status in counts]
    first = _word(states[0], others)
    said = [f"{counts[states[0]]:,} of {total:,} {first}"]
    said += [f"{counts[status]:,} {_word(status, others)}" for status in states[1:]]
    replies = (_reply(each) for each in others if each.status is states[0])
    reply = next((reply for reply in replies if reply), "")
    return ", ".join(said) + (f"; first: {reply}" if reply else "")


def _word(status: Status, others: Sequence[Recipient]) -> str:
    same = [recipient for recipient in others if recipient.status is status]
    if status is Status.QUEUED and any(recipient.reply for recipient in same):
        return "deferred"
    if status is Status.FAILED and all((recipient.code or 0) >= 500 for recipient in same):
        return "rejected"
    return status


def _reply(recipient: Recipient) -> str:
    return shortened(f"{recipient.code or ''} {recipient.reply}".strip(), LONGEST_REPLY)
