"""A place in the pool, for one sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.transports import ServerTrouble
from quartapp.mail.transports.attempt import StaleConnection

if TYPE_CHECKING:
    from quartapp.mail.transports import BeforeDot, Envelope, Outcome
    from quartapp.mail.transports.pool import SMTPTransport
    from quartapp.mail.transports.smtp import Connection

__all__ = ["PooledSession"]


class PooledSession:
    """One connection at a time, replaced when it turns out to be dead.

    is_exclusive
        Whether it stays ours until the end. Else it is the next sender's from the final dot on,
        while we await the answer, where the server lets letters overlap.
    """

    def __init__(self, pool: SMTPTransport, *, is_exclusive: bool) -> None:
        self._pool = pool
        self._is_exclusive = is_exclusive
        self._connection: Connection | None = None
        self._has_word = False

    async def begin(self) -> None:
        """Take a connection."""
        self._connection = await self._pool.acquire()
        self._has_word = True

    def end(self) -> None:
        """Give it back."""
        if self._connection is not None:
            self._pool.release(self._connection, has_word=self._has_word)
            self._connection = None

    async def send(
        self, envelope: Envelope, content: bytes, before_dot: BeforeDot | None = None
    ) -> Outcome:
        """Carry one letter; a kept connection found dead is replaced at once, at no cost."""
        while True:
            connection = await self._ready()
            try:
                outcome = await connection.send(envelope, content, before_dot, self._said_dot)
            except StaleConnection:
                if connection.ignores_early_letters:
                    self._pool.keep_apart()
                continue
            except ServerTrouble as trouble:
                self._pool.report(trouble)
                raise
            if outcome.reached:
                self._pool.report(None)
            return outcome

    async def _ready(self) -> Connection:
        if self._connection is None or not self._connection.is_open or not self._has_word:
            self.end()
            await self.begin()
        if self._connection is None:
            raise RuntimeError("the pool gave no connection")
        return self._connection

    def _said_dot(self) -> None:
        if self._connection is not None and not self._is_exclusive:
            self._has_word = False
            self._pool.pass_on(self._connection)
