"""How often one client may get the operator's sign-in wrong, so that nobody guesses it."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from quartapp.web.limits import home

__all__ = ["Guesses"]

A_MINUTE = RateLimitItemPerMinute(10)


class Guesses:
    """Counts the wrong sign-ins of each client address, in this process."""

    def __init__(self) -> None:
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    async def check(self, address: str) -> None:
        """Raises `TooManyRequests`, with the seconds to wait, after ten wrong ones in a minute.

        Asked before the sign-in is looked at, so that not even the right one is told apart.
        """
        if await self._counter.test(A_MINUTE, home(address)):
            return
        stats = await self._counter.get_window_stats(A_MINUTE, home(address))
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooManyRequests(
            f"Too many wrong sign-ins came from your address. Please try again in {wait} s.",
            retry_after=wait,
        )

    async def count(self, address: str) -> None:
        """Count a wrong one."""
        await self._counter.hit(A_MINUTE, home(address))
