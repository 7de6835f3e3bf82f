"""Messages, answers and decisions to test an outbox with."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from quartapp.mail.delivery.retry import Retry
from quartapp.mail.message.encoding import Encoded, Envelope
from quartapp.mail.outbox.enqueue import NewMessage
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports import Answer, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.database import Database
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Batch, Claim
    from quartapp.mail.outbox.decision import Decision

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADA, BOB = "ada@example.com", "bob@example.com"

ACCEPTED = Answer(Result.ACCEPTED, 250, "2.0.0 ok")
LATER = Answer(Result.TRANSIENT, 451, "4.7.1 later")
NEVER = Answer(Result.PERMANENT, 550, "5.1.1 no such user")
UNSURE = Answer(Result.UNCERTAIN, None, "connection lost after the end of data")


class HandClock:
    """A clock that goes on only when a test says so."""

    def __init__(self) -> None:
        self.moment = NOW
        self._set_by = timedelta()

    def now(self) -> datetime:
        """The time of day."""
        return self.moment

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return (self.moment - self._set_by - NOW).total_seconds()

    def database(self, _moment: datetime) -> datetime:
        """The database's clock goes with ours, but is not set with it."""
        return self.moment - self._set_by

    def go_on(self, time: timedelta) -> None:
        """Let time pass."""
        self.moment += time

    def set(self, by: timedelta) -> None:
        """Set the time of day, forward or back; no time passes."""
        self.moment += by
        self._set_by += by


def new(*to: str, subject: str = "Tea at four", due_at: datetime = NOW, **more: Any) -> NewMessage:
    """A message to enqueue, to Ada if no recipient is named."""
    fields = {"queue": "default", "backend": "smtp", "created_at": NOW, "due_at": due_at} | more
    envelope = Envelope("flasky@example.com", to or (ADA,))
    content = b"Subject: " + subject.encode("utf-8", "replace") + b"\r\n\r\nTea.\r\n"
    return NewMessage(encoded=Encoded(envelope, content, "<1@example.com>", subject), **fields)


def judged(claim: Claim, now: datetime, *answers: Answer, **settings: Any) -> Decision:
    """What follows from the answers to the recipients that were due: one for all, or for each."""
    due = claim.due(now)
    each = answers if len(answers) == len(due) else answers * len(due)
    outcome = Outcome(dict(zip(due, each, strict=True)))
    return Retry(MailSettings(**settings), now).judge(claim, outcome)


async def attempt(outbox: Outbox, *answers: Answer, **settings: Any) -> list[Decision]:
    """Claim what is due and record these answers; returns what was written."""
    batch = await outbox.claim(100)
    now = outbox.now()
    return await outbox.record([judged(claim, now, *answers, **settings) for claim in batch.claims])


async def heir(outbox: Outbox, limit: int = 1) -> Batch:
    """Claim as one who saw nobody renew a lease: all that are claimed have lapsed."""
    return await outbox.claim(limit, lapsed=tuple(await outbox.leases()))


@asynccontextmanager
async def failing(database: Database) -> AsyncIterator[AsyncSession]:
    """A write transaction that fails in the end."""
    with suppress(ZeroDivisionError):
        async with database.transaction() as session:
            yield session
            raise ZeroDivisionError
