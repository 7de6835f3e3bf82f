"""The outbox for many senders: what they ask for at the same time is one transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.database.batching import Batcher
from quartapp.mail.delivery.leases import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quartapp.mail.delivery.database_outage import DatabaseOutage
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Claim
    from quartapp.mail.outbox.decision import Decision

__all__ = ["BatchedOutbox"]


class BatchedOutbox:
    """Loads contents, stamps intents and records decisions."""

    def __init__(self, outbox: Outbox, outage: DatabaseOutage) -> None:
        self._outbox = outbox
        self._outage = outage
        self._loads: Batcher[str, bytes | None] = Batcher(self._load)
        self._stamps: Batcher[Claim, bool] = Batcher(self._stamp)
        self._records: Batcher[Decision, Decision | None] = Batcher(self._record)

    async def load(self, delivery_id: str) -> bytes | None:
        """The content of a message, None where it was pruned. Raises `DatabaseUnavailable`."""
        return await self._loads.add(delivery_id)

    async def stamp(self, claim: Claim) -> None:
        """Record that its end of data is about to be sent. Raises `LeaseLost`."""
        if not await self._stamps.add(claim):
            raise LeaseLost(f"message {claim.id} was taken over before its end of data")

    async def record(self, decision: Decision) -> Decision | None:
        """Record a decision; returns it as it was written, None if the message was taken over."""
        return await self._records.add(decision)

    async def abandon(self) -> None:
        """Do no more; those who still wait are cancelled."""
        for batcher in (self._records, self._stamps, self._loads):
            await batcher.abandon()

    async def _load(self, ids: Sequence[str]) -> list[bytes | None]:
        with self._outage.over("reading messages"):
            return await self._outbox.load(ids)

    async def _stamp(self, claims: Sequence[Claim]) -> list[bool]:
        with self._outage.over("recording intents"):
            ours = await self._outbox.stamp(claims)
        return [claim.key in ours for claim in claims]

    async def _record(self, decisions: Sequence[Decision]) -> list[Decision | None]:
        """Write decisions, however long the database is away: what was sent must be known."""
        while True:
            try:
                with self._outage.over("recording outcomes"):
                    written = await self._outbox.record(decisions)
            except DatabaseUnavailable:
                await asyncio.sleep(self._outage.pause)
            else:
                by_key = {decision.claim.key: decision for decision in written}
                return [by_key.get(decision.claim.key) for decision in decisions]
