"""The courier: takes one claimed letter to the server and comes back with a verdict."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.mail.retry import Retry
from quartapp.mail.settings import OnUncertain
from quartapp.mail.staging import stage
from quartapp.mail.transports import Envelope, Outcome, ServerTrouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.claim import Claim
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport
    from quartapp.mail.verdict import Verdict

__all__ = ["Courier", "Errand"]


SMALL = 32 * 1024
"""Bytes of a letter that is loaded ahead of its connection, with others; `Pace` says how many."""


@dataclass(slots=True)
class Errand:
    """One letter under way: its claim, how far it has come, and its bytes once loaded.

    took
        Seconds until the server's last answer, once it has answered.
    """

    claim: Claim
    is_past_dot: bool = False
    is_judged: bool = False
    content: bytes | None = None
    took: float | None = None

    @property
    def may_be_cut(self) -> bool:
        """Whether it can be given back as if it had not been tried."""
        return not (self.is_past_dot or self.is_judged)


class Courier:
    """Knows the way from a claim to a verdict. It writes nothing down.

    transport
        Asked anew for each letter, because suppression may be switched at any time.
    load
        Gives the bytes of a letter by its id, None where they were pruned.
    check
        Raises when a claim is not ours any more.
    stamp
        Writes the intent before the dot where an uncertain letter is to be held.
    """

    def __init__(
        self,
        settings: MailSettings,
        outbox: Outbox,
        transport: Callable[[], Transport],
        *,
        load: Callable[[str], Awaitable[bytes | None]],
        check: Callable[[Claim], None],
        stamp: Callable[[Claim], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._transport = transport
        self._load = load
        self._check = check
        self._stamp = stamp

    async def carry(self, errand: Errand) -> Verdict:
        """Try the letter once and decide what comes next.

        Raises `LeaseLost` when the letter is not ours any more just before its dot.
        """
        claim, now = errand.claim, self._outbox.now()
        if claim.has_expired(now):
            return self.rules().expire(claim)
        if claim.intent_at and self._settings.on_uncertain is OnUncertain.HOLD:
            return self.rules().suspect(claim)
        try:
            outcome = await self._send(errand, claim.due(now))
        except ServerTrouble as trouble:
            return self.rules().excuse(claim, trouble)
        return self.rules().judge(claim, outcome)

    def rules(self) -> Retry:
        """The rules of retrying, as of now."""
        jitter = random.uniform(0.9, 1.1)  # noqa: S311  # spreads retries, keeps no secret
        return Retry(self._settings, self._outbox.now(), jitter)

    async def _send(self, errand: Errand, addresses: tuple[str, ...]) -> Outcome:
        claim = errand.claim
        staged = stage(addresses, self._settings)
        if not staged.envelope_recipients:
            return Outcome(staged.held_back, reached=False)
        envelope = Envelope(
            claim.sender, staged.envelope_recipients, claim.mail_options, claim.rcpt_options
        )
        if claim.size <= SMALL:
            errand.content = await self._loaded(claim)
        async with self._transport().session() as session:
            if errand.content is None:
                errand.content = await self._loaded(claim)
            began = time.monotonic()
            outcome = await session.send(envelope, errand.content, lambda: self._before_dot(errand))
            errand.took = time.monotonic() - began
        return staged.translate(outcome)

    async def _loaded(self, claim: Claim) -> bytes:
        content = await self._load(claim.id)
        if content is None:
            raise LookupError(f"the bytes of letter {claim.id} were pruned")
        return content

    async def _before_dot(self, errand: Errand) -> None:
        self._check(errand.claim)
        if self._settings.on_uncertain is OnUncertain.HOLD:
            await self._stamp(errand.claim)
            self._check(errand.claim)
        errand.is_past_dot = True
