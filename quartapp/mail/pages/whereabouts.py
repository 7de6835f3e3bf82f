"""Where a message is and what happens to it next, in sentences that are true in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.choices import SUPPRESSED, Backend
from quartapp.mail.outbox.delivery import reason
from quartapp.mail.outbox.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.query.views import History
    from quartapp.mail.outbox.workers import WorkerState

__all__ = ["obstacle", "whereabouts"]


def whereabouts(history: History, workers: Iterable[WorkerState], now: datetime) -> str:
    """Why a message is not in the mailbox.

    workers
        The processes that deliver now.
    """
    message = history.delivery
    match message.status:
        case Status.QUEUED:
            return f"{_queued(history, now)} {_next(history, workers, now)}"
        case Status.SENDING if history.wants_cancel:
            return "The message is being sent; it is cancelled unless this attempt succeeds."
        case Status.SENDING:
            return "The message is being sent."
        case Status.SENT:
            return _SENT.get(history.backend, "The message was sent, but not to this mailbox.")
        case Status.FAILED:
            return f"The message failed: {_why(message)}"
        case Status.CANCELLED:
            return "The message was cancelled."
        case Status.UNCERTAIN:
            return f"{_DROPPED} {_next(history, workers, now)}"


def obstacle(history: History, workers: Iterable[WorkerState]) -> str:
    """What keeps a message from being attempted when it is due; empty where nothing does."""
    if history.delivery.due_at is None:
        return ""
    able = [worker for worker in workers if worker.backend == history.backend]
    if not able:
        return f"It waits for the backend {history.backend}, which no process runs."
    if all(worker.outage for worker in able):
        return f"Delivery is paused: {able[0].outage}"
    return ""


_SENT = {
    SUPPRESSED: "The message was suppressed, and so sent to nobody: MAIL_SUPPRESS_SEND was on.",
    Backend.MAILBOX: "The message was sent, and is no longer in this mailbox.",
}
_DROPPED = (
    "The connection dropped before the server confirmed the message; it may or may not arrive."
)


def _queued(history: History, now: datetime) -> str:
    message = history.delivery
    if message.attempts and message.due_at and message.due_at > now:
        return f"The message was deferred: {_why(message)}"
    return "The message is queued."


def _next(history: History, workers: Iterable[WorkerState], now: datetime) -> str:
    due_at, hindrance = history.delivery.due_at, obstacle(history, workers)
    if due_at is None:
        return "It is held until a person retries or cancels it."
    if due_at > now:
        return f"Next attempt {due_at:%d %b %Y, %H:%M:%S} UTC. {hindrance}".rstrip()
    return hindrance or "It will be sent shortly."


def _why(message: Delivery) -> str:
    return (reason(message) or "no reason is known").rstrip(".") + "."
