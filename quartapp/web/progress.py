"""What a visitor is told about a message: its state in plain words, without addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.mail import Status

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail import Delivery

__all__ = ["Progress", "progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One sentence, the state behind it, and whether there is more to come."""

    state: str
    sentence: str
    is_final: bool


def progress(delivery: Delivery, now: datetime) -> Progress:
    """The message as it stands. The server's reply is for the operator alone."""
    return Progress(delivery.status, _sentence(delivery, now), delivery.is_final)


def _sentence(delivery: Delivery, now: datetime) -> str:
    match delivery.status:
        case Status.QUEUED:
            return _waiting(delivery, now)
        case Status.SENDING:
            return "The message to the administrator is on its way to the mail server."
        case Status.SENT if delivery.detail == "suppressed":
            return "Sending is switched off here: the message to the administrator was not sent."
        case Status.SENT:
            return f"The message to the administrator was sent; it took {_took(delivery)}."
        case Status.FAILED:
            return "The message to the administrator could not be sent. An operator can see why."
        case Status.CANCELLED:
            return "The message to the administrator was cancelled."
        case Status.UNCERTAIN:
            return f"{DROPPED} {_resend(delivery, now)}"


DROPPED = (
    "The connection dropped before the server confirmed the message to the administrator; "
    "it may or may not have arrived."
)


def _waiting(delivery: Delivery, now: datetime) -> str:
    if delivery.due_at and delivery.due_at > now:
        at = _clock(delivery.due_at)
        if not delivery.attempts:
            return f"The message to the administrator is queued and will be sent at {at}."
        return f"{_reason(delivery)} The next attempt is at {at}."
    if delivery.detail:
        return (
            "The mail server cannot be used right now. The message to the administrator is queued "
            "and will be sent as soon as the server is back."
        )
    return "The message to the administrator is queued and will be sent shortly."


def _reason(delivery: Delivery) -> str:
    if any(recipient.code for recipient in delivery.recipients):
        return "The mail server asked us to try again later."
    return "The connection to the mail server was lost."


def _resend(delivery: Delivery, now: datetime) -> str:
    if delivery.due_at is None:
        return "An operator will decide."
    if delivery.due_at <= now:
        return "It will be sent once more shortly."
    return f"It will be sent once more at {_clock(delivery.due_at)}."


def _took(delivery: Delivery) -> str:
    if delivery.sent_at is None:
        return "no time"
    seconds = (delivery.sent_at - delivery.created_at).total_seconds()
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} seconds"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M} UTC"
