"""The retry policy: pure decisions, made from an outcome and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from quartapp.mail.lines import shortened
from quartapp.mail.outbox.decision import Decision, describe
from quartapp.mail.outbox.delivery import Recipient
from quartapp.mail.outbox.states import Status
from quartapp.mail.settings import OnUncertain
from quartapp.mail.transports import Answer, Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail.outbox.claim import Claim
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import ServerOutage

__all__ = ["Retry"]

OUTAGES_LIMIT = 3
LOST_BY_CRASH = "the process died when its end of data may have been sent"


@dataclass(frozen=True, slots=True)
class Retry:
    """The rules of retrying a message, at one moment.

    now
        The time of the decision.
    jitter
        A number from 0.9 to 1.1, so that messages deferred together are not retried together.
    """

    settings: MailSettings
    now: datetime
    jitter: float = 1.0

    def judge(self, claim: Claim, outcome: Outcome) -> Decision:
        """After a reply: accepted is sent, 4xx is deferred, 5xx failed, else it is uncertain.

        Those who are due and have no answer stay due, for another transaction at once. Nothing of
        theirs changes, so that a message in many transactions is not written as a whole in each.
        """
        first = claim.first_attempt_at or (self.now if outcome.reached else None)
        rest = set(claim.due(self.now)) - set(outcome.answers)
        recipients = tuple(
            self._after(claim, recipient, outcome.answers[recipient.address], first)
            if recipient.address in outcome.answers
            else recipient
            for recipient in claim.recipients
        )
        return Decision(
            claim=claim,
            recipients=recipients,
            at=self.now,
            detail=describe(recipients) or outcome.note,
            counts=outcome.reached,
            attempts=claim.attempts + outcome.reached,
            first_attempt_at=first,
            goes_on=bool(rest),
        )

    def postpone(self, claim: Claim, outage: ServerOutage) -> Decision:
        """After a server outage: due again at once, and it counts as no attempt.

        Only the third in a row that this very message may be to blame for counts as one, so that a
        message at which the server always closes the connection does not stop the others.
        """
        outages = claim.outages + 1 if outage.mid_message else 0
        if outages >= OUTAGES_LIMIT:
            answer = Answer(Result.TRANSIENT, outage.code, str(outage))
            return self.judge(claim, Outcome(dict.fromkeys(claim.due(self.now), answer)))
        released = self.release(claim)
        detail = shortened(str(outage), Answer.LONGEST)
        return replace(released, detail=detail, outages=outages)

    def release(self, claim: Claim) -> Decision:
        """Before the end of data: as it was, and due after the others that are due now."""
        due = claim.due(self.now)
        recipients = tuple(
            replace(recipient, due_at=self.now) if recipient.address in due else recipient
            for recipient in claim.recipients
        )
        return Decision(
            claim=claim,
            recipients=recipients,
            at=self.now,
            detail=describe(recipients) if claim.attempts else "",
            counts=False,
            attempts=claim.attempts,
            first_attempt_at=claim.first_attempt_at,
            outages=claim.outages,
        )

    def expire(self, claim: Claim) -> Decision:
        """After its `expires`: failed, whatever was still open."""
        answer = Answer(Result.PERMANENT, None, "expired before it could be sent")
        outstanding = (r.address for r in claim.recipients if r.due_at is not None)
        return self.judge(claim, Outcome(dict.fromkeys(outstanding, answer), reached=False))

    def suspect(self, claim: Claim) -> Decision:
        """After a crash that followed a stamped intent: uncertain, so an operator decides."""
        answer = Answer(Result.UNCERTAIN, None, LOST_BY_CRASH)
        return self.judge(claim, Outcome(dict.fromkeys(claim.due(self.now), answer)))

    def _after(
        self, claim: Claim, recipient: Recipient, answer: Answer, first: datetime | None
    ) -> Recipient:
        match answer.result:
            case Result.ACCEPTED:
                status, due_at = Status.SENT, None
            case Result.PERMANENT:
                status, due_at = Status.FAILED, None
            case Result.UNCERTAIN:
                status, due_at = Status.UNCERTAIN, self._resend_at(claim)
            case Result.TRANSIENT if self._has_waited_enough(claim):
                status, due_at = Status.FAILED, None
                answer = replace(answer, reply=f"given up: {answer.reply}")
            case Result.TRANSIENT:
                status, due_at = Status.QUEUED, self._retry_at(first or self.now)
        return Recipient(recipient.address, status, answer.code, answer.reply, due_at)

    def _has_waited_enough(self, claim: Claim) -> bool:
        return self.now - claim.since >= timedelta(seconds=self.settings.give_up)

    def _retry_at(self, first: datetime) -> datetime:
        """After as long again as since the first attempt, within bounds, give or take a tenth."""
        age = (self.now - first).total_seconds()
        delay = min(max(age, self.settings.retry_first), self.settings.retry_max)
        return self.now + timedelta(seconds=delay * self.jitter)

    def _resend_at(self, claim: Claim) -> datetime | None:
        if self.settings.on_uncertain is OnUncertain.HOLD or self._has_waited_enough(claim):
            return None
        return self.now + timedelta(seconds=self.settings.uncertain_delay)
