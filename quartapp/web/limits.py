"""How many new users one client may add, so that nobody buries the administrator in messages."""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

__all__ = ["NewUsers", "home"]

HOME = 64
"""The bits of an IPv6 address that one customer has in common (RFC 6177)."""


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
        client = home(address)
        if await self._counter.hit(self._limit, client):
            return
        stats = await self._counter.get_window_stats(self._limit, client)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooManyRequests(
            f"Too many new names came from your address. Please try again in {wait} s.",
            retry_after=wait,
        )


def home(address: str) -> str:
    """What stands for one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed.packed, HOME), strict=False))
