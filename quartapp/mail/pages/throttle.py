"""How often one client may get the operator's sign-in wrong, so that nobody guesses it."""

from __future__ import annotations

import hmac
import math
import secrets
import time
from typing import TYPE_CHECKING

from werkzeug.exceptions import TooManyRequests

from quartapp.mail.clients import client_network

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Guesses"]

MOST = 10
"""Wrong sign-ins of one client in one window."""

WINDOW = 60.0
"""Seconds."""

REMEMBERED = 10_000
"""Clients whose windows are remembered; the oldest are forgotten first."""

FLOOD = 300
"""Wrong and refused sign-ins of one client in one window, after which no sign-in is looked at: who
guesses beside a signed-in operator must not learn by it that a guess was right."""

SIGNED_IN = 12 * 3600.0
"""How long a sign-in that was right is known again, in seconds."""


class Guesses:
    """Counts the wrong sign-ins of each client, in this process.

    Clients may share an address. So a sign-in that was right is known again by its keyed hash, and
    the wrong ones of a neighbour do not end it.

    elapsed
        Seconds on a clock that nobody sets.
    """

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._windows: dict[str, tuple[float, int]] = {}
        self._right: dict[bytes, float] = {}
        self._key = secrets.token_bytes(32)

    def check(self, address: str, sign_in: str) -> None:
        """Raises `TooManyRequests`, with the seconds to wait, after ten wrong ones in a minute.

        Asked before the sign-in is looked at, so that not even the right one is told apart, unless
        it was right before.
        """
        client = client_network(address)
        ends_at, number = self._window(client)
        if number < (FLOOD if self._is_known(client, sign_in) else MOST):
            return
        self._set(client, ends_at, number + 1)
        wait = max(1, math.ceil(ends_at - self._elapsed()))
        raise TooManyRequests(
            f"Too many wrong sign-ins came from your address. Please try again in {wait} s.",
            retry_after=wait,
        )

    def count(self, address: str, sign_in: str) -> None:
        """Count a wrong one."""
        client = client_network(address)
        ends_at, number = self._window(client)
        self._set(client, ends_at, number + 1)
        self._right.pop(self._digest(client, sign_in), None)

    def remember(self, address: str, sign_in: str) -> None:
        """Know a right one again."""
        digest = self._digest(client_network(address), sign_in)
        self._right.pop(digest, None)
        self._right[digest] = self._elapsed() + SIGNED_IN
        if len(self._right) > REMEMBERED:
            del self._right[next(iter(self._right))]

    def _is_known(self, client: str, sign_in: str) -> bool:
        return self._right.get(self._digest(client, sign_in), 0.0) > self._elapsed()

    def _digest(self, client: str, sign_in: str) -> bytes:
        return hmac.digest(self._key, f"{client} {sign_in}".encode(), "sha256")

    def _set(self, client: str, ends_at: float, number: int) -> None:
        self._windows[client] = ends_at, number
        if len(self._windows) > REMEMBERED:
            del self._windows[next(iter(self._windows))]

    def _window(self, client: str) -> tuple[float, int]:
        now = self._elapsed()
        window = self._windows.get(client)
        if window is None or window[0] <= now:
            self._windows.pop(client, None)
            return now + WINDOW, 0
        return window
