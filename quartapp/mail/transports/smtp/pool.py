"""The pool: connections to one server, as many as the backlog asks for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.breaker import Breaker, BreakerState
from quartapp.mail.transports.smtp.closing import ClosingConnections
from quartapp.mail.transports.smtp.connection import SMTPConnection
from quartapp.mail.transports.smtp.idle import Idle
from quartapp.mail.transports.smtp.session import PooledSession
from quartapp.mail.transports.smtp.tls import tls_context
from quartapp.mail.transports.use import PoolFigures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.settings import MailSettings

__all__ = ["SMTPTransport"]

logger = logging.getLogger(__name__)

IDLE = 10.0
"""Seconds that a connection waits for another message; some providers hang up soon after."""

MAX_AGE = 300.0

CROWDED = 60.0
"""Seconds for which we ask for no more connections than a server was willing to keep."""

APART = 600.0
"""Seconds for which no message follows another's end of data, where the server did not take that."""


class SMTPTransport:
    """Sends through a bounded pool of connections, guarded by a breaker.

    Every decision about a connection is made in `_assign` and `release`, which only look and
    choose; opening, closing and sending come after. One sender at a time has the word on a
    connection; who has said the end of data only listens, and the word goes to the next.

    idle, max_age
        How long a connection waits for another message, and how old it gets, in seconds.
    """

    def __init__(
        self,
        settings: MailSettings,
        *,
        breaker: Breaker | None = None,
        idle: float = IDLE,
        max_age: float = MAX_AGE,
    ) -> None:
        self.breaker = breaker or Breaker(settings.breaker_first, settings.breaker_max)
        self._settings = settings
        self._max_age = max_age
        self._context = tls_context(settings)
        self._closing = ClosingConnections(self._assign)
        self._idle = Idle(idle, self._closing.say)
        self._busy: Counter[SMTPConnection] = Counter()
        self._listening: deque[SMTPConnection] = deque()
        self._opening: set[SMTPConnection] = set()
        self._patience: set[asyncio.Timeout] = set()
        self._waiting: deque[asyncio.Future[SMTPConnection]] = deque()
        self._probe: SMTPConnection | None = None
        self._crowded_until = self._apart_until = 0.0
        self._crowd = settings.connections
        self._is_closed = False

    def __repr__(self) -> str:
        return (
            f"<SMTPTransport {self._settings.server}:{self._settings.port} "
            f"{len(self._busy)} busy, {len(self._idle)} idle, {len(self._waiting)} waiting; "
            f"{self.breaker!r}>"
        )

    @property
    def use(self) -> PoolFigures:
        """How much of it is in use now."""
        most = self._settings.connections
        return PoolFigures(len(self._busy), len(self._idle), len(self._waiting), most)

    @asynccontextmanager
    async def session(self, *, is_exclusive: bool = False) -> AsyncIterator[PooledSession]:
        """An open connection, until the block ends.

        is_exclusive
            Whether nobody else has the word on it before the block ends.

        Raises `ServerOutage` while the breaker is open or when no connection can be opened.
        """
        session = PooledSession(self, is_exclusive=is_exclusive)
        await session.begin()
        try:
            yield session
        finally:
            session.end()

    async def close(self) -> None:
        """Turn away who waits, say goodbye on idle connections, cut busy ones."""
        self._is_closed = True
        self._assign()
        for patience in self._patience:
            patience.reschedule(0)
        for connection in list(self._busy):
            connection.abort()
        self._idle.clear()
        await self._closing.end()

    async def acquire(self) -> SMTPConnection:
        """A connection with the word on it: a kept one, or a new one that is open by now."""
        while True:
            connection = await self._turn()
            if connection.is_open:
                return connection
            if connection not in self._opening:
                # It died on its way to us.
                self.release(connection)
            elif await self._opened(connection):
                return connection

    def pass_on(self, connection: SMTPConnection) -> None:
        """Let the next message begin where the last one only awaits its answer."""
        if self._is_worth_keeping(connection) and time.monotonic() >= self._apart_until:
            self._listening.append(connection)
            self._assign()

    def release(self, connection: SMTPConnection, *, has_word: bool = True) -> None:
        """Take a connection back; it is kept if it is worth enqueuing.

        has_word
            Whether it was not passed on meanwhile.
        """
        self._opening.discard(connection)
        connection.is_kept = True
        self._let_go(connection)
        if connection in self._busy:
            if has_word:
                self.pass_on(connection)
            return
        with suppress(ValueError):
            self._listening.remove(connection)
        if self._is_worth_keeping(connection):
            self._idle.add(connection)
        else:
            self._closing.say(connection)
        self._assign()

    def report(self, trouble: ServerOutage | None) -> None:
        """Tell the breaker how the server did, and the log when that changes anything."""
        if trouble is None:
            if self.breaker.mend():
                logger.info("the mail server works again")
        elif self.breaker.trip(str(trouble)):
            logger.warning("mail waits for its server: %s", trouble)
        self._assign()

    def keep_apart(self) -> None:
        """Begin no message behind another for a while: the server has let one wait in vain."""
        logger.info("the mail server answers no message that begins behind another one")
        self._apart_until = time.monotonic() + APART

    async def _turn(self) -> SMTPConnection:
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
        """Give out what there is, in the order in which it was asked for."""
        self._idle.sweep()
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
            elif self._is_closed:
                self._turn_away("the transport was closed")
            elif self.breaker.state is BreakerState.OPEN:
                self._turn_away(self.breaker.trouble or "the server is in trouble")
            elif connection := self._free():
                self._give(connection)
            else:
                return

    def _turn_away(self, why: str) -> None:
        self._waiting.popleft().set_exception(ServerOutage(why))

    def _give(self, connection: SMTPConnection) -> None:
        self._busy[connection] += 1
        if not connection.is_open:
            self._opening.add(connection)
        if self.breaker.state is BreakerState.PROBING:
            self._probe = connection
        self._waiting.popleft().set_result(connection)

    def _free(self) -> SMTPConnection | None:
        """Where a message may begin: behind another one last of all, since it may have to wait."""
        if not self._may_start():
            return None
        if self._idle:
            return self._idle.take()
        if self._may_open():
            return SMTPConnection(self._settings, self._context)
        while self._listening and self.breaker.state is BreakerState.CLOSED:
            connection = self._listening.popleft()
            if connection.is_open:
                return connection
        return None

    def _may_start(self) -> bool:
        """Whether anybody may go; after trouble one at a time, whatever else still waits."""
        return self.breaker.state is BreakerState.CLOSED or self._probe not in self._busy

    def _may_open(self) -> bool:
        ours = len(self._busy) + len(self._idle)
        if time.monotonic() < self._crowded_until:
            # The server still counts those that are taking their leave.
            has_room = ours + len(self._closing) < self._crowd
        else:
            has_room = ours < self._settings.connections
        return has_room and self._knows_the_way()

    def _knows_the_way(self) -> bool:
        """Whether somebody has got in, or nobody tries: else a wrong password is told in chorus."""
        return not self._opening or any(c.is_open for c in self._busy if c not in self._opening)

    async def _opened(self, connection: SMTPConnection) -> bool:
        """Open it; False when the server has as many of ours as it wants, and is fine otherwise."""
        try:
            await self._open(connection)
        except ServerOutage as trouble:
            self._let_go(connection)
            others = len(self._busy) + len(self._idle)
            if not any(other.is_open for other in self._busy):
                self.report(trouble)
                raise
            self._crowd, self._crowded_until = others, time.monotonic() + CROWDED
            logger.info("the mail server takes no more than %d connections: %s", others, trouble)
            return False
        except BaseException:
            self._let_go(connection)
            self._assign()
            raise
        self._assign()
        return True

    async def _open(self, connection: SMTPConnection) -> None:
        try:
            async with asyncio.timeout(0 if self._is_closed else None) as patience:
                self._patience.add(patience)
                await connection.open()
        except TimeoutError:
            raise ServerOutage("the transport was closed") from None
        finally:
            self._patience.discard(patience)
            self._opening.discard(connection)

    def _let_go(self, connection: SMTPConnection) -> None:
        self._busy[connection] -= 1
        if self._busy[connection] <= 0:
            del self._busy[connection]

    def _is_worth_keeping(self, connection: SMTPConnection) -> bool:
        return (
            connection.is_open
            and not self._is_closed
            and connection.messages < self._settings.max_emails
            and time.monotonic() - connection.opened_at < self._max_age
        )
