"""Suspicion: whether a reply about the session is believed, or one message provokes it."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.transports import Breaker

__all__ = ["Suspicion"]


class Suspicion:
    """Remembers, for one server, the message that last got a reply about the session.

    After a login it is believed when a second, different message gets one too; without a login at
    once, unless the server accepted others since the same message got one. While delivery is
    paused it is always believed. What is not believed counts as a reply about the message: so one
    message does not stop the others, and reaches an end.
    """

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._suspect: bytes | None = None
        self._others_pass = False

    def believes(self, content: bytes, *, is_logged_in: bool) -> bool:
        """Take note of a reply about the session, to a message with these bytes."""
        message = blake2b(content).digest()
        is_same = message == self._suspect
        is_second = self._suspect is not None and not is_same and not self._others_pass
        is_proven = is_same and self._others_pass
        self._suspect, self._others_pass = message, False
        if self._breaker.outage is not None:
            return True
        return is_second if is_logged_in else not is_proven

    def accepted(self) -> None:
        """Take note that the server accepted a message."""
        self._others_pass = True
