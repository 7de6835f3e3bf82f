"""The sender: sends one claimed message and decides what comes next."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from quartapp.mail.delivery.retry import Retry
from quartapp.mail.delivery.staging import stage
from quartapp.mail.message.encoding import Envelope
from quartapp.mail.settings import OnUncertain
from quartapp.mail.transports import Answer, HearingSession, Outcome, Result, ServerOutage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from quartapp.mail.delivery.prefetch import ContentLimit
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Claim
    from quartapp.mail.outbox.decision import Decision
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport

__all__ = ["SendJob", "Sender"]


CUT = "stopped before the reply to the end of data"

SMALL = 32 * 1024
"""Bytes of a message that is loaded before it has a connection, together with others."""


@dataclass(slots=True)
class SendJob:
    """One message in progress: its claim, how far it has come, and its bytes once loaded.

    held
        Bytes of the content while no connection sends it, see `ContentLimit`.
    took
        Seconds until the server's last reply, once it has replied.
    heard
        What the server had replied about recipients when the sending was cut.
    redirected
        The answers about `MAIL_REDIRECT_TO`, while not all of it has one.
    """

    claim: Claim
    is_past_end_of_data: bool = False
    is_decided: bool = False
    content: bytes | None = None
    held: int = 0
    took: float | None = None
    heard: Mapping[str, Answer] = field(default_factory=dict)
    redirected: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def may_be_cut(self) -> bool:
        """Whether it can be released as if there had been no attempt."""
        return not (self.is_past_end_of_data or self.is_decided)

    def go_on(self, claim: Claim) -> None:
        """Begin with the next transaction; the content stays."""
        self.claim = claim
        self.is_past_end_of_data = self.is_decided = False
        self.took, self.heard = None, {}


class Sender:
    """Goes from a claim to a decision. It records nothing.

    transport
        Asked anew for each message, because suppression may be switched at any time.
    load
        Gives the bytes of a message by its id, None where they were pruned.
    check
        Raises `LeaseLost` when a claim is not ours any more.
    stamp
        Writes the intent before the end of data where uncertain messages are held.
    contents
        Bounds what is in memory; the bytes that a job still holds are to be returned with its end.
    """

    def __init__(
        self,
        settings: MailSettings,
        outbox: Outbox,
        transport: Callable[[str], Transport],
        *,
        load: Callable[[str], Awaitable[bytes | None]],
        check: Callable[[Claim], None],
        stamp: Callable[[Claim], Awaitable[None]],
        contents: ContentLimit,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._transport = transport
        self._load = load
        self._check = check
        self._stamp = stamp
        self._contents = contents

    async def attempt(self, job: SendJob) -> Decision:
        """Make one attempt and decide what comes next.

        Where others are due at once the claim is held for them.

        Raises `LeaseLost` when the message is not ours any more just before its end of data.
        """
        claim, now = job.claim, self._outbox.now()
        if claim.has_expired(now):
            return self.rules().expire(claim)
        if claim.intent_at and self._settings.on_uncertain is OnUncertain.HOLD:
            return self.rules().suspect(claim)
        try:
            outcome = await self._send(job, claim.due(now))
        except ServerOutage as outage:
            return self.rules().postpone(claim, outage)
        decision = self.rules().judge(claim, outcome)
        return replace(decision, is_held=decision.goes_on)

    def released(self, job: SendJob) -> Decision:
        """After our own cut: as it was, but for what was heard, and for what may have arrived."""
        if job.is_past_end_of_data:
            return self._unanswered(job, Answer(Result.UNCERTAIN, None, CUT))
        if job.heard:
            return self.rules().judge(job.claim, Outcome(job.heard))
        return self.rules().release(job.claim)

    def failed(self, job: SendJob, error: Exception) -> Decision:
        """After a bug in our own code: deferred, as if the server had said so, or uncertain."""
        result = Result.UNCERTAIN if job.is_past_end_of_data else Result.TRANSIENT
        reply = f"internal error: {type(error).__name__}: {error}"
        return self._unanswered(job, Answer(result, None, reply))

    def _unanswered(self, job: SendJob, answer: Answer) -> Decision:
        """One answer for all who are due and about whom nothing was heard."""
        due = job.claim.due(self._outbox.now())
        outcome = Outcome(dict.fromkeys(due, answer) | dict(job.heard))
        return self.rules().judge(job.claim, outcome)

    def rules(self) -> Retry:
        """The rules of retrying, as of now."""
        jitter = random.uniform(0.9, 1.1)  # noqa: S311  # spreads retries, keeps no secret
        return Retry(self._settings, self._outbox.now(), jitter)

    async def _send(self, job: SendJob, addresses: tuple[str, ...]) -> Outcome:
        claim = job.claim
        staged = stage(addresses, self._settings)
        if not staged.envelope_recipients:
            return Outcome(staged.held_back, reached=False)
        asked = tuple(each for each in staged.envelope_recipients if each not in job.redirected)
        envelope = Envelope(claim.sender, asked, claim.mail_options, claim.rcpt_options)
        if job.content is None:
            await self._load_ahead(job)
        async with self._transport(claim.backend).session() as session:
            self._hold(job, 0)
            if job.content is None:
                job.content = await self._loaded(claim)
            began = time.monotonic()
            try:
                outcome = await session.send(
                    envelope, job.content, lambda: self._before_end_of_data(job)
                )
            except BaseException:
                heard = session.heard if isinstance(session, HearingSession) else {}
                if heard:
                    job.heard = staged.translate(Outcome(heard)).answers
                raise
            finally:
                self._hold(job, len(job.content))
            job.took = time.monotonic() - began
        if self._settings.redirect_to:
            outcome = replace(outcome, answers={**job.redirected, **outcome.answers})
            is_whole = outcome.answers.keys() >= set(staged.envelope_recipients)
            job.redirected = {} if is_whole else outcome.answers
        return staged.translate(outcome)

    async def _load_ahead(self, job: SendJob) -> None:
        """Load a small message; for a large one wait until there is room."""
        if job.claim.size <= SMALL and self._contents.has_room:
            job.content = await self._loaded(job.claim)
            self._hold(job, len(job.content))
        else:
            # Those that are sent and cannot be recorded must not become ever more.
            await self._contents.room()

    def _hold(self, job: SendJob, size: int) -> None:
        self._contents.change(size - job.held)
        job.held = size

    async def _loaded(self, claim: Claim) -> bytes:
        content = await self._load(claim.id)
        if content is None:
            raise LookupError(f"the bytes of message {claim.id} were pruned")
        return content

    async def _before_end_of_data(self, job: SendJob) -> None:
        self._check(job.claim)
        if self._settings.on_uncertain is OnUncertain.HOLD:
            await self._stamp(job.claim)
            self._check(job.claim)
        job.is_past_end_of_data = True
