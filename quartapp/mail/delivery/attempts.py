"""Attempts: a claimed message's transactions one after the other, each recorded before the next."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.mail.delivery.leases import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.delivery.batched_outbox import BatchedOutbox
    from quartapp.mail.delivery.sender import Sender, SendJob
    from quartapp.mail.outbox.decision import Decision

    OnRecord = Callable[[Decision, bytes | None, float | None], Awaitable[None]]

__all__ = ["Attempts"]

logger = logging.getLogger(__name__)


class Attempts:
    """Makes them.

    stopping
        Set when no other transaction may begin.
    on_record
        Called with every decision that was written, the message's bytes where they were loaded,
        and the seconds until the server's last reply where there was one.
    """

    def __init__(
        self,
        sender: Sender,
        outbox: BatchedOutbox,
        *,
        stopping: asyncio.Event,
        on_record: OnRecord,
    ) -> None:
        self._sender = sender
        self._outbox = outbox
        self._stopping = stopping
        self._on_record = on_record

    async def make(self, job: SendJob) -> None:
        """Send a message until its claim is given up: to all who are due, or as far as it gets."""
        while True:
            written = await self._recorded(job, await self._decision(job))
            if written is None or not written.is_held:
                return
            # The claim stays ours: read anew for each transaction, a message would cost its
            # recipients again and again.
            job.go_on(written.onward())

    async def _decision(self, job: SendJob) -> Decision:
        try:
            if self._stopping.is_set():
                return self._sender.released(job)
            return await self._sender.attempt(job)
        except (asyncio.CancelledError, DatabaseUnavailable):
            return self._sender.released(job)
        except LeaseLost as error:
            logger.warning("%s", error)
            # Written only if no other process has taken it over.
            return self._sender.released(job)
        except Exception as error:
            # A bug in one message must not stop the worker.
            logger.exception("message %s could not be sent", job.claim.id)
            return self._sender.failed(job, error)

    async def _recorded(self, job: SendJob, decision: Decision) -> Decision | None:
        """Record a decision and tell of it; returns it as it was written, None if it was not."""
        job.is_decided = True
        written = await self._outbox.record(decision)
        if written is None:
            logger.warning(
                "message %s was taken over; its outcome was not written", decision.claim.id
            )
            return None
        try:
            await self._on_record(written, job.content, job.took)
        except Exception:
            logger.exception("a receiver of message %s's signal failed", decision.claim.id)
        return written
