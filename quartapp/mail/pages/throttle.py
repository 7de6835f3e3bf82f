"""How often one client may get the operator's sign-in wrong, so that nobody guesses it."""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from werkzeug.exceptions import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Guesses"]

MOST = 10
"""Wrong sign-ins of one client in one window."""

WINDOW = 60.0
"""Seconds."""

REMEMBERED = 10_000
"""Clients whose windows are remembered; the oldest are forgotten first."""

NETWORK = 64
"""The bits of an IPv6 address that one customer has in common (RFC 6177)."""


class Guesses:
    """Counts the wrong sign-ins of each client, in this process.

    elapsed
        Seconds on a clock that nobody sets.
    """

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._windows: dict[str, tuple[float, int]] = {}

    def check(self, address: str) -> None:
        """Raises `TooManyRequests`, with the seconds to wait, after ten wrong ones in a minute.

        Asked before the sign-in is looked at, so that not even the right one is told apart.
        """
        ends_at, number = self._window(_client(address))
        if number < MOST:
            return
        wait = max(1, math.ceil(ends_at - self._elapsed()))
        raise TooManyRequests(
            f"Too many wrong sign-ins came from your address. Please try again in {wait} s.",
            retry_after=wait,
        )

    def count(self, address: str) -> None:
        """Count a wrong one."""
        client = _client(address)
        ends_at, number = self._window(client)
        self._windows[client] = ends_at, number + 1
        if len(self._windows) > REMEMBERED:
            del self._windows[next(iter(self._windows))]

    def _window(self, client: str) -> tuple[float, int]:
        now = self._elapsed()
        window = self._windows.get(client)
        if window is None or window[0] <= now:
            self._windows.pop(client, None)
            return now + WINDOW, 0
        return window


def _client(address: str) -> str:
    """What stands for one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed.packed, NETWORK), strict=False))
