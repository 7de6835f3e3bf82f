"""A place in the pool, for one sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.transaction import StaleConnection

if TYPE_CHECKING:
    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports import BeforeEndOfData, Outcome
    from quartapp.mail.transports.smtp.connection import SMTPConnection
    from quartapp.mail.transports.smtp.pool import SMTPTransport

__all__ = ["PooledSession"]


class PooledSession:
    """One connection at a time, replaced when it turns out to be dead.

    is_exclusive
        Whether it stays ours until the end. Else it is the next sender's from the end of data on,
        while we await the answer, where the server lets messages overlap.
    """

    def __init__(self, pool: SMTPTransport, *, is_exclusive: bool) -> None:
        self._pool = pool
        self._is_exclusive = is_exclusive
        self._connection: SMTPConnection | None = None
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
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Carry one message; a kept connection found dead is replaced at once, at no cost."""
        while True:
            connection = await self._ready()
            try:
                outcome = await connection.send(
                    envelope, content, before_end_of_data, self._ended_data
                )
            except StaleConnection:
                if connection.ignores_early_messages:
                    self._pool.keep_apart()
                continue
            except ServerOutage as trouble:
                self._pool.report(trouble)
                raise
            if outcome.reached:
                self._pool.report(None)
            return outcome

    async def _ready(self) -> SMTPConnection:
        if self._connection is None or not self._connection.is_open or not self._has_word:
            self.end()
            await self.begin()
        if self._connection is None:
            raise RuntimeError("the pool gave no connection")
        return self._connection

    def _ended_data(self) -> None:
        if self._connection is not None and not self._is_exclusive:
            self._has_word = False
            self._pool.pass_on(self._connection)
