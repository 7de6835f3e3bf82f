"""Presence: a worker tells other processes that it is there, and what holds it up."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from quartapp.mail.outbox import workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.clock import Clock
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.workers import WorkerState

__all__ = ["Presence"]

logger = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at what there is to tell; one that lives shorter tells nothing."""

PATIENCE = 1.0
"""Seconds that leaving may take; others find out within half a minute."""

SOON = timedelta(seconds=1)


class Presence:
    """The row of one worker, written when there is news and every few seconds besides.

    state
        How this process delivers now, None where it does not.
    """

    def __init__(
        self, outbox: Outbox, clock: Clock, state: Callable[[], WorkerState | None]
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._state = state
        self._told: WorkerState | None = None
        self._told_at = -workers.EVERY

    async def keep_telling(self) -> None:
        """Tell what there is to tell, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            state = self._state()
            if state is not None and self._is_news(state):
                await self._tell(state)

    async def leave(self) -> None:
        """Tell that this process delivers no more. Never raises."""
        if self._told is None:
            return
        self._told = None
        try:
            async with asyncio.timeout(PATIENCE):
                await self._forget()
        except Exception as error:  # noqa: BLE001  # nobody depends on it
            logger.debug("other processes were not told that this one stops: %s", error)

    async def _tell(self, state: WorkerState) -> None:
        try:
            if self._told is None:
                await self._forget()
            outbox = self._outbox
            await workers.tell(outbox.database, outbox.worker, state, outbox.now())
        except Exception as error:  # noqa: BLE001  # nobody depends on it; the dispatcher complains
            logger.debug("other processes were not told that this one delivers: %s", error)
        else:
            self._told = state
        self._told_at = self._clock.elapsed()

    async def _forget(self) -> None:
        await workers.forget(self._outbox.database, self._outbox.worker, self._outbox.now())

    def _is_news(self, state: WorkerState) -> bool:
        told = self._told
        if self._clock.elapsed() - self._told_at >= workers.EVERY:
            return True
        if told is None:
            return False
        if (state.backend, state.outage) != (told.backend, told.outage):
            return True
        if state.next_attempt_at is None:
            return False
        return told.next_attempt_at is None or state.next_attempt_at - told.next_attempt_at > SOON
