"""A database that does not serve the delivery worker: logged once, and asked ever less often."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.mail.outbox.border import outages
from quartapp.mail.transports import pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.clock import Clock

__all__ = ["DatabaseOutage"]

logger = logging.getLogger(__name__)

FIRST = 0.25
LONGEST = 8.0
"""Seconds between two attempts, at first and at last."""


class DatabaseOutage:
    """Notes which kinds of work fail. It is over when all of those have succeeded again.

    One line says when it begins and one when it ends, however often the work fails in between, and
    whatever the reason: a server that is away, a full disk, tables that were dropped.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = 0.0
        self._failures: dict[str, int] = {}
        self.sentence: str | None = None

    @property
    def pause(self) -> float:
        """Seconds until it makes sense to ask again; 0 where there is no outage."""
        most = max(self._failures.values(), default=0)
        return min(FIRST * 2 ** (most - 1), LONGEST) if most else 0.0

    @contextmanager
    def over(self, work: str) -> Iterator[None]:
        """Note whether this kind of work fails. Raises `DatabaseUnavailable` for a database's."""
        try:
            with outages():
                yield
        except DatabaseUnavailable as error:
            self.begin(work, error)
            raise
        self.end(work)

    def begin(self, work: str, error: Exception) -> None:
        """Note that this kind of work failed."""
        is_first = not self._failures
        self._failures[work] = min(self._failures.get(work, 0) + 1, 10)
        is_foreseen = isinstance(error, DatabaseUnavailable)
        self.sentence = str(error) if is_foreseen else f"{type(error).__name__}: {error}"
        if is_first:
            self._began_at = self._clock.elapsed()
            pauses.paused(self.sentence, self.pause)
        if is_first and not is_foreseen:
            logger.error("%s failed", work, exc_info=error)

    def end(self, work: str) -> None:
        """Note that this kind of work succeeded."""
        if self._failures.pop(work, None) and not self._failures:
            self.sentence = None
            pauses.resumed(self._clock.elapsed() - self._began_at)
