"""The connection pool: connections to one server, as many as the backlog needs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

from quartapp.mail.transports import BreakerState, ServerOutage, TransportFigures, pauses
from quartapp.mail.transports.logins import Logins
from quartapp.mail.transports.smtp.closing import ClosingConnections
from quartapp.mail.transports.smtp.connection import SMTPConnection
from quartapp.mail.transports.smtp.idle import IdleConnections
from quartapp.mail.transports.smtp.recipient_limit import RecipientLimit
from quartapp.mail.transports.smtp.server_addresses import ServerAddresses
from quartapp.mail.transports.smtp.suspicion import Suspicion
from quartapp.mail.transports.smtp.tls import tls_context

if TYPE_CHECKING:
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Breaker

__all__ = ["IDLE", "MAX_AGE", "Pool"]

logger = logging.getLogger(__name__)

IDLE = 10.0
"""Seconds that a connection waits for another message; some providers close it soon after."""

MAX_AGE = 300.0

CROWDED = 60.0
"""Seconds for which we ask for no more connections than the server accepted."""

APART = 600.0
"""Seconds for which no message begins before the last one's reply, after a server ignored one."""


class Pool:
    """A bounded number of connections; each has one sender that may write at a time.

    Every decision about a connection is made in `_assign` and `release`, which only look and
    choose; opening, closing and sending come after. A sender that has written the end of data
    only reads, and the next one may write.
    """

    def __init__(
        self,
        settings: MailSettings,
        breaker: Breaker,
        *,
        idle: float,
        max_age: float,
        addresses: ServerAddresses | None = None,
        logins: Logins | None = None,
    ) -> None:
        self.suspicion = Suspicion(breaker)
        self.recipient_limit = RecipientLimit(settings.max_recipients)
        self._breaker = breaker
        self._settings = settings
        self._max_age = max_age
        self._context = tls_context(settings)
        self._server_addresses = addresses or ServerAddresses(settings)
        self._logins = logins or Logins(settings)
        self._closing = ClosingConnections(self._assign)
        self._idle = IdleConnections(idle, self._closing.add)
        self._busy: Counter[SMTPConnection] = Counter()
        self._reading: deque[SMTPConnection] = deque()
        self._opening: set[SMTPConnection] = set()
        self._open_timeouts: set[asyncio.Timeout] = set()
        self._waiting: deque[asyncio.Future[SMTPConnection]] = deque()
        self._probe: SMTPConnection | None = None
        self._crowded_until = self._apart_until = 0.0
        self._crowd = settings.connections
        self._is_closed = False

    @property
    def figures(self) -> TransportFigures:
        """How much of it is in use now."""
        limit = self._settings.connections
        return TransportFigures(len(self._busy), len(self._idle), len(self._waiting), limit)

    async def close(self) -> None:
        """Reject those who wait, say QUIT on idle connections, cut busy ones."""
        self._is_closed = True
        self._assign()
        for timeout in self._open_timeouts:
            timeout.reschedule(0)
        for connection in list(self._busy):
            connection.abort()
        self._idle.clear()
        await self._closing.end()

    async def acquire(self) -> SMTPConnection:
        """A connection to write on: an idle one, or a new one that is open by now."""
        while True:
            connection = await self._assigned()
            if connection.is_open:
                return connection
            if connection not in self._opening:
                # It was lost between the assignment and now.
                self.release(connection)
            elif await self._opened(connection):
                return connection

    def pass_on(self, connection: SMTPConnection) -> None:
        """Let the next message begin where the last one only awaits its reply."""
        if self._is_reusable(connection) and time.monotonic() >= self._apart_until:
            self._reading.append(connection)
            self._assign()

    def release(self, connection: SMTPConnection, *, was_passed_on: bool = False) -> None:
        """Take a connection back; it becomes idle if it can be used again, else it is closed.

        was_passed_on
            Whether `pass_on` was called for it meanwhile.
        """
        self._opening.discard(connection)
        connection.is_reused = True
        self._drop_user(connection)
        if connection in self._busy:
            if not was_passed_on:
                self.pass_on(connection)
            return
        with suppress(ValueError):
            self._reading.remove(connection)
        if self._is_reusable(connection):
            self._idle.add(connection)
        else:
            self._closing.add(connection)
        self._assign()

    def report(self, outage: ServerOutage | None) -> None:
        """Tell the breaker how the server did, and the log when that changes anything."""
        paused_for = self._breaker.paused_for
        if outage is None:
            if self._breaker.reset():
                pauses.resumed(paused_for)
        elif self._breaker.trip(str(outage), outage.pause):
            pauses.paused(str(outage), self._breaker.remaining, outage.code)
        self._assign()

    def stop_overlapping(self) -> None:
        """Begin no message behind another for a while: the server never answered one."""
        logger.info("the mail server answers no message that begins before the last one's reply")
        self._apart_until = time.monotonic() + APART

    async def _assigned(self) -> SMTPConnection:
        waiter: asyncio.Future[SMTPConnection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._assign()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result())
            raise

    def _assign(self) -> None:
        """Give connections to those who wait, in order."""
        self._idle.sweep()
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
            elif self._is_closed:
                self._reject("the transport was closed")
            elif self._breaker.state is BreakerState.OPEN:
                self._reject(self._breaker.outage or "delivery is paused")
            elif connection := self._free():
                self._give(connection)
            else:
                return

    def _reject(self, why: str) -> None:
        self._waiting.popleft().set_exception(ServerOutage(why))

    def _give(self, connection: SMTPConnection) -> None:
        self._busy[connection] += 1
        if not connection.is_open:
            self._opening.add(connection)
        if self._breaker.state is BreakerState.PROBING:
            self._probe = connection
        self._waiting.popleft().set_result(connection)

    def _free(self) -> SMTPConnection | None:
        """Where a message may begin: behind another one last of all, since it may have to wait."""
        if not self._may_start():
            return None
        if self._idle:
            return self._idle.take()
        if self._may_open():
            return SMTPConnection(
                self._settings,
                self._context,
                self._server_addresses,
                self.suspicion,
                self.recipient_limit,
            )
        while self._reading and self._breaker.state is BreakerState.CLOSED:
            connection = self._reading.popleft()
            if connection.is_open:
                return connection
        return None

    def _may_start(self) -> bool:
        """Whether a message may go; after an outage one at a time, whatever else still waits."""
        return self._breaker.state is BreakerState.CLOSED or self._probe not in self._busy

    def _may_open(self) -> bool:
        ours = len(self._busy) + len(self._idle)
        if time.monotonic() < self._crowded_until:
            # The server still counts those that are being closed.
            has_room = ours + len(self._closing) < self._crowd
        else:
            has_room = ours < self._settings.connections
        return has_room and self._may_log_in()

    def _may_log_in(self) -> bool:
        """Whether one has logged in, or none is about to: else all try a wrong password at once."""
        return not self._opening or any(c.is_open for c in self._busy if c not in self._opening)

    async def _opened(self, connection: SMTPConnection) -> bool:
        """Open it; False when the server has as many of ours as it wants, and is fine otherwise."""
        try:
            await self._open(connection)
        except ServerOutage as outage:
            self._drop_user(connection)
            others = len(self._busy) + len(self._idle)
            if not (self._idle or any(other.is_open for other in self._busy)):
                self.report(outage)
                raise
            self._crowd, self._crowded_until = others, time.monotonic() + CROWDED
            logger.info("the mail server accepts no more than %d connections: %s", others, outage)
            return False
        except BaseException:
            self._drop_user(connection)
            self._assign()
            raise
        self._assign()
        return True

    async def _open(self, connection: SMTPConnection) -> None:
        try:
            async with asyncio.timeout(0 if self._is_closed else None) as timeout:
                self._open_timeouts.add(timeout)
                async with self._logins.attempt():
                    await _opened_apart(connection)
        except TimeoutError:
            raise ServerOutage("the transport was closed") from None
        finally:
            self._open_timeouts.discard(timeout)
            self._opening.discard(connection)

    def _drop_user(self, connection: SMTPConnection) -> None:
        self._busy[connection] -= 1
        if self._busy[connection] <= 0:
            del self._busy[connection]

    def _is_reusable(self, connection: SMTPConnection) -> bool:
        return (
            connection.is_open
            and not self._is_closed
            and not connection.is_used_up
            and time.monotonic() - connection.opened_at < self._max_age
        )


async def _opened_apart(connection: SMTPConnection) -> None:
    """Open a connection in a clean context: it outlives the request that it is opened for."""
    opening = asyncio.create_task(connection.open(), name="mail: connect", context=Context())
    try:
        await opening
    except BaseException:
        # It may have been opened in the moment in which we were cancelled.
        connection.abort()
        if not opening.cancelled():
            opening.exception()
        raise
