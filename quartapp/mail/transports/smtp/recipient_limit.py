"""How many recipients one transaction may have, as the settings say and as the server was seen."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RecipientLimit", "announced_limit"]

REMEMBERED = 3600.0
"""Seconds; a server may take fewer recipients only for a while."""


class RecipientLimit:
    """Remembers, for one server, after how many recipients it said that they were too many.

    most
        `MAIL_MAX_RECIPIENTS`, None for any number.
    clock
        Seconds that only grow.

    `announced` is what the server said of it on the connection opened last, None for nothing.
    """

    def __init__(self, most: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.announced: int | None = None
        self._most = most
        self._clock = clock
        self._seen: int | None = None
        self._until = 0.0

    def first(self, recipients: tuple[str, ...]) -> tuple[str, ...]:
        """Those of them that one transaction may have."""
        if self._clock() >= self._until:
            self._seen = None
        limits = (self._most, self.announced, self._seen)
        known = [limit for limit in limits if limit is not None]
        return recipients[: min(known)] if known else recipients

    def saw(self, accepted: int) -> None:
        """The server accepted so many recipients, and said that the others were too many."""
        self._seen = max(1, accepted)
        self._until = self._clock() + REMEMBERED


def announced_limit(name: str, limits: str) -> int | None:
    """A limit that the server announces in its reply to EHLO; None where it does not.

    name
        RCPTMAX for the recipients of a transaction, MAILMAX for the messages of a connection.
    limits
        The parameters of LIMITS (RFC 9422).
    """
    found = re.search(rf"(?:^|\s){name}=([0-9]{{1,6}})(?!\S)", limits, re.IGNORECASE)
    return int(found[1]) or None if found else None
