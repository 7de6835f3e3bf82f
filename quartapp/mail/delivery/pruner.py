"""The pruner: forgets messages that ended long ago, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable

if TYPE_CHECKING:
    from quartapp.mail.outbox import Outbox

__all__ = ["prune_for_ever"]

logger = logging.getLogger(__name__)

EVERY = 3600.0
BREATH = 1.0
"""Seconds between two batches, so that whoever keeps or sends messages comes first."""


async def prune_for_ever(outbox: Outbox) -> None:
    """Prune in batches until nothing is left, then once an hour; until cancelled."""
    while True:  # noqa: ASYNC110  # it is time itself that is waited for
        await asyncio.sleep(BREATH if await _pruned(outbox) else EVERY)


async def _pruned(outbox: Outbox) -> bool:
    try:
        return await outbox.prune() > 0
    except DatabaseUnavailable as error:
        logger.info("old messages were not pruned: %s", error)
    except Exception:
        logger.exception("old messages were not pruned")
    return False
