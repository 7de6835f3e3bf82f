"""A session: one sender's use of the pool."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.mail.transports import Outcome, Result, ServerOutage
from quartapp.mail.transports.smtp.transaction import StaleConnection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports import Answer
    from quartapp.mail.transports.contract import BeforeEndOfData
    from quartapp.mail.transports.smtp.connection import SMTPConnection
    from quartapp.mail.transports.smtp.pool import Pool

__all__ = ["PooledSession"]


class PooledSession:
    """One connection at a time, replaced when it turns out to be dead.

    is_exclusive
        Whether it stays ours until the end. Else the next sender may write on it from the end of
        data on, while we wait for the reply, where the server lets messages overlap.
    """

    def __init__(self, pool: Pool, *, is_exclusive: bool) -> None:
        self._pool = pool
        self._is_exclusive = is_exclusive
        self._connection: SMTPConnection | None = None
        self._was_passed_on = False
        self._heard: dict[str, Answer] = {}

    @property
    def heard(self) -> Mapping[str, Answer]:
        """What the server has replied about recipients of the last message, however it ended."""
        return self._heard

    async def begin(self) -> None:
        """Take a connection."""
        self._connection = await self._pool.acquire()
        self._was_passed_on = False

    def end(self) -> None:
        """Release it."""
        if self._connection is not None:
            self._pool.release(self._connection, was_passed_on=self._was_passed_on)
            self._connection = None

    async def send(
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Send one message; a reused connection found dead is replaced at once, at no cost."""
        recipients = self._pool.recipient_limit.first(envelope.recipients)
        envelope = replace(envelope, recipients=recipients)
        while True:
            self._heard = {}
            connection = await self._ready()
            try:
                outcome = await connection.send(
                    envelope, content, before_end_of_data, self._end_of_data_written, self._heard
                )
            except StaleConnection:
                if connection.ignores_early_messages:
                    self._pool.stop_overlapping()
                continue
            except ServerOutage as outage:
                connection.blame_address()
                self._pool.report(outage)
                if outage.answers:
                    return Outcome(outage.answers)
                raise
            self._note(outcome)
            return outcome

    def _note(self, outcome: Outcome) -> None:
        if outcome.reached:
            self._pool.report(None)
        if any(answer.result is Result.ACCEPTED for answer in outcome.answers.values()):
            self._pool.suspicion.accepted()

    async def _ready(self) -> SMTPConnection:
        if self._connection is None or self._was_passed_on or not self._can_go_on(self._connection):
            self.end()
            await self.begin()
        if self._connection is None:
            raise RuntimeError("the pool gave no connection")
        return self._connection

    def _can_go_on(self, connection: SMTPConnection) -> bool:
        return connection.is_open and not connection.is_used_up

    def _end_of_data_written(self) -> None:
        if self._connection is not None and not self._is_exclusive:
            self._was_passed_on = True
            self._pool.pass_on(self._connection)
