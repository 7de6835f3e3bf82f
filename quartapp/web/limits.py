"""How many new users one client may add, so that nobody buries the administrator in messages."""

from __future__ import annotations

import logging
import math
import time

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from quartapp.mail import client_network

__all__ = ["NewUsers"]

logger = logging.getLogger(__name__)


class NewUsers:
    """Counts the new users of each client address, in this process.

    rate
        Such as "30/minute"; None counts nothing.
    """

    def __init__(self, rate: str | None) -> None:
        self._limit = parse(rate) if rate else None
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    async def charge(self, address: str) -> None:
        """Count one more. Raises `TooManyRequests`, with the seconds to wait, beyond the rate."""
        if self._limit is None:
            return
        client = client_network(address)
        if await self._counter.hit(self._limit, client):
            return
        stats = await self._counter.get_window_stats(self._limit, client)
        logger.info("too many new users from %s", client)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooManyRequests(
            f"Too many new names came from your address. Please try again in {wait} s.",
            retry_after=wait,
        )
