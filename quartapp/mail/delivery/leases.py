"""Leases: which claims are ours, until when, and their renewal in time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Claim

__all__ = ["LeaseLost", "Leases"]

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class LeaseLost(Exception):
    """The claim is not ours any more: another process may be sending the message."""


class Leases:
    """The claims of this process. Each ends by our own clock unless it is renewed in time.

    Our clock goes on while we are frozen, so a process that wakes late finds its leases ended.
    """

    def __init__(self, outbox: Outbox, lease: float, clock: Clock) -> None:
        self._outbox = outbox
        self._lease = lease
        self._clock = clock
        self._held: dict[str, Claim] = {}
        self._ends: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, claim: Claim, asked_at: float) -> None:
        """Hold a claim; its lease counts from when it was asked for, not from the answer."""
        self._held[claim.id] = claim
        self._ends[claim.id] = asked_at + self._lease

    def drop(self, claim: Claim) -> None:
        """Hold it no longer."""
        self._held.pop(claim.id, None)
        self._ends.pop(claim.id, None)

    def check(self, claim: Claim) -> None:
        """Raise `LeaseLost` unless the claim is certainly ours."""
        if self._ends.get(claim.id, 0.0) <= self._clock.elapsed():
            raise LeaseLost(f"the lease on message {claim.id} ended")

    @property
    def has_lapsed(self) -> bool:
        """Whether a lease has ended by our own clock, on a message that may still be ours."""
        now = self._clock.elapsed()
        return any(self._ends[delivery_id] <= now for delivery_id in self._held)

    async def keep_alive(self) -> None:
        """Renew all leases in one statement, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._lease / RENEWALS_PER_LEASE)
            if self._held:
                await self.renew()

    async def renew(self) -> None:
        """Renew all leases once; those that are not ours any more end at once."""
        claims, asked_at = list(self._held.values()), self._clock.elapsed()
        try:
            ours = await self._outbox.renew(claims)
        except DatabaseUnavailable as error:
            logger.warning("leases could not be renewed: %s", error)
            return
        except Exception:
            logger.exception("leases could not be renewed")
            return
        for claim in claims:
            if claim.id not in ours:
                self.drop(claim)
            elif claim.id in self._ends:
                self._ends[claim.id] = asked_at + self._lease
