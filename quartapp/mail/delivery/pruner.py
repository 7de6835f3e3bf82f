"""The pruner: deletes messages that ended long ago, and adds up old counts, in small batches."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.mail.outbox.border import outages
from quartapp.mail.outbox.counts import roll_up

if TYPE_CHECKING:
    from quartapp.mail.outbox import Outbox

__all__ = ["prune_for_ever"]

logger = logging.getLogger(__name__)

FIRST = 60.0
"""Seconds from the start to the first time: what is due waits already, and comes first."""

EVERY = 3600.0
PAUSE = 1.0
"""Seconds between two batches, so that enqueuing and sending come first."""


async def prune_for_ever(outbox: Outbox, *, first: float = FIRST) -> None:
    """Prune once an hour, and add up counts in batches until none is left; until cancelled.

    first
        Seconds until the first time.
    """
    await asyncio.sleep(first)
    while True:  # noqa: ASYNC110  # waits for time, not for an event
        await asyncio.sleep(PAUSE if await _pruned(outbox) else EVERY)


async def _pruned(outbox: Outbox) -> bool:
    """Whether there is more to be done soon."""
    try:
        with outages():
            await outbox.prune()
            return await roll_up(outbox.database, outbox.worker.queue, outbox.now()) > 0
    except DatabaseUnavailable as error:
        logger.info("old messages were not pruned: %s", error)
    except Exception:
        logger.exception("old messages were not pruned")
    return False
