"""Wall time: the time of day by which messages are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from quartapp.database import Database
    from quartapp.mail.clock import Clock

__all__ = ["WallTime"]

GOOD_FOR = 60.0
"""Seconds for which one reading of the database's clock is used."""

AT_LEAST = timedelta(seconds=1)
"""What the time must be set back by to be noticed: clocks are slewed all the time."""

# Not now(), which is when the caller's transaction began.
CLOCK = select(func.clock_timestamp())


class WallTime:
    """The database's time of day where it has a clock of its own, as PostgreSQL has; else ours.

    The database's is read now and then, and our elapsed time counted in between, so that it matters
    neither how far our own clock is from it nor whether ours is set.
    """

    def __init__(self, clock: Clock, database: Callable[[], Database]) -> None:
        self._clock = clock
        self._database = database
        self._read: tuple[datetime, float] | None = None
        self._seen: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        if self._read is None:
            return self._clock.now()
        moment, at = self._read
        return moment + timedelta(seconds=self._clock.elapsed() - at)

    async def keep(self, session: AsyncSession | None = None) -> None:
        """Read the database's clock where that was long ago. Raises `DatabaseUnavailable`.

        session
            Whose connection to ask on, for a caller that holds one already.
        """
        if not self._is_old or self._database().is_sqlite:
            return
        if session is not None:
            await self._ask(await session.connection())
        else:
            async with self._database().reading() as connection:
                await self._ask(connection)

    def set(self, moment: datetime) -> None:
        """Note what the database's clock says."""
        self._read = self._clock.database(moment.astimezone(UTC)), self._clock.elapsed()

    def has_gone_back(self) -> bool:
        """Whether the time was set back since this was last asked, or may have been before."""
        now, elapsed = self.now(), self._clock.elapsed()
        before, self._seen = self._seen, (now, elapsed)
        if before is None:
            return True
        expected = before[0] + timedelta(seconds=elapsed - before[1])
        return now < expected - AT_LEAST

    @property
    def _is_old(self) -> bool:
        return self._read is None or self._clock.elapsed() - self._read[1] >= GOOD_FOR

    async def _ask(self, connection: AsyncConnection) -> None:
        self.set((await connection.execute(CLOCK)).scalar_one())
