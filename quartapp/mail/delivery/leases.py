"""Leases: which claims are ours, until when, and their renewal in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock
    from quartapp.mail.delivery.database_outage import DatabaseOutage
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Claim, Key

__all__ = ["LeaseLost", "Leases"]

RENEWALS_PER_LEASE = 3
RENEWING = "renewing leases"


class LeaseLost(Exception):
    """The claim is not ours any more: another process may be sending the message."""


class Leases:
    """The claims of this process. Each ends by our own clock unless it is renewed in time.

    Our clock goes on while we are frozen, so a process that wakes late finds its leases ended. They
    are held by message and token: an old claim has no part in a newer one of the same message.
    """

    def __init__(self, outbox: Outbox, lease: float, clock: Clock, outage: DatabaseOutage) -> None:
        self._outbox = outbox
        self._lease = lease
        self._clock = clock
        self._outage = outage
        self._held: dict[Key, Claim] = {}
        self._ends: dict[Key, float] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, claim: Claim, asked_at: float) -> None:
        """Hold a claim; its lease counts from when it was asked for, not from the answer."""
        self._held[claim.key] = claim
        self._ends[claim.key] = asked_at + self._lease

    def drop(self, claim: Claim) -> None:
        """Hold it no longer."""
        self._held.pop(claim.key, None)
        self._ends.pop(claim.key, None)

    def holds(self, claim: Claim) -> bool:
        """Whether the claim is certainly ours."""
        return self._ends.get(claim.key, 0.0) > self._clock.elapsed()

    def check(self, claim: Claim) -> None:
        """Raise `LeaseLost` unless the claim is certainly ours."""
        if not self.holds(claim):
            raise LeaseLost(f"the lease on message {claim.id} ended")

    async def keep_alive(self) -> None:
        """Renew all leases in one statement, again and again, until cancelled."""
        every = self._lease / RENEWALS_PER_LEASE
        while True:
            await asyncio.sleep(min(every, self._outage.pause or every))
            await self.renew()

    async def renew(self) -> None:
        """Renew all leases once; those that are not ours any more end at once."""
        claims, asked_at = list(self._held.values()), self._clock.elapsed()
        try:
            with self._outage.over(RENEWING):
                ours = await self._outbox.renew(claims) if claims else set()
        except DatabaseUnavailable:
            return
        except Exception as error:  # noqa: BLE001  # it is logged, and tried again
            self._outage.begin(RENEWING, error)
            return
        for claim in claims:
            if claim.key not in ours:
                self.drop(claim)
            elif claim.key in self._ends:
                self._ends[claim.key] = asked_at + self._lease
