"""The SMTP transport: sessions on a bounded pool of connections, guarded by a circuit breaker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from quartapp.mail.transports import Breaker, TransportFigures
from quartapp.mail.transports.logins import Logins
from quartapp.mail.transports.smtp.pool import IDLE, MAX_AGE, Pool
from quartapp.mail.transports.smtp.session import PooledSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.smtp.server_addresses import ServerAddresses

__all__ = ["SMTPTransport"]


class SMTPTransport:
    """Sends to the server of the settings.

    breaker
        Its own by default, with the pauses of the settings.
    idle, max_age
        How long a connection waits for another message, and how old it gets, in seconds.
    addresses
        The way to the server; by default the addresses of MAIL_SERVER.
    logins
        Which logins have to wait; by default those after one that this transport saw rejected.
    """

    def __init__(
        self,
        settings: MailSettings,
        *,
        breaker: Breaker | None = None,
        idle: float = IDLE,
        max_age: float = MAX_AGE,
        addresses: ServerAddresses | None = None,
        logins: Logins | None = None,
    ) -> None:
        self.breaker = breaker or Breaker(settings.breaker_first, settings.breaker_max)
        self._settings = settings
        self._make_pool = partial(
            Pool,
            settings,
            self.breaker,
            idle=idle,
            max_age=max_age,
            addresses=addresses,
            logins=logins or Logins(settings),
        )
        self._pool = self._make_pool()

    def __repr__(self) -> str:
        figures, where = self.figures, f"{self._settings.server}:{self._settings.port}"
        return (
            f"<SMTPTransport {where} {figures.busy} busy, {figures.idle} idle, "
            f"{figures.waiting} waiting; {self.breaker!r}>"
        )

    @property
    def figures(self) -> TransportFigures:
        """How much of the pool is in use now."""
        return self._pool.figures

    @asynccontextmanager
    async def session(self, *, is_exclusive: bool = False) -> AsyncIterator[PooledSession]:
        """An open connection, until the block ends.

        is_exclusive
            Whether no other sender may use it before the block ends.

        Raises `ServerOutage` while the breaker is open or when no connection can be opened.
        """
        session = PooledSession(self._pool, is_exclusive=is_exclusive)
        await session.begin()
        try:
            yield session
        finally:
            session.end()

    async def close(self) -> None:
        """Reject those who wait, say QUIT on idle connections, cut busy ones.

        What is sent afterwards has a pool of its own: an app that is started again uses the same
        transport again, maybe in another event loop.
        """
        pool = self._pool
        await pool.close()
        if self._pool is pool:
            self._pool = self._make_pool()
