"""What a visitor is told of a message: how far it has come, in plain words and without addresses."""

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
    """The message as it stands. The server's own words stay with the operator."""
    return Progress(delivery.status, _sentence(delivery, now), delivery.is_final)


def _sentence(delivery: Delivery, now: datetime) -> str:
    match delivery.status:
        case Status.QUEUED:
            return _waiting(delivery, now)
        case Status.SENDING:
            return "The message to the administrator is on its way to the mail server."
        case Status.SENT:
            return f"The message to the administrator was sent; it took {_took(delivery)}."
        case Status.FAILED:
            return "The message to the administrator could not be sent. The operator can see why."
        case Status.CANCELLED:
            return "The message to the administrator was called off."
        case Status.UNCERTAIN:
            return _unsure(delivery, now)


def _waiting(delivery: Delivery, now: datetime) -> str:
    if delivery.due_at and delivery.due_at > now:
        at = _clock(delivery.due_at)
        if not delivery.attempts:
            return f"The message to the administrator is kept, and leaves at {at}."
        reason = _reason(delivery)
        return f"{reason} The message to the administrator will be tried again at {at}."
    if delivery.detail:
        return (
            "The mail server cannot be used just now. "
            "The message to the administrator is kept, and leaves as soon as it can."
        )
    return "The message to the administrator is kept, and leaves in a moment."


def _reason(delivery: Delivery) -> str:
    if any(recipient.code for recipient in delivery.recipients):
        return "The mail server asked for patience."
    return "The connection to the mail server was lost."


def _unsure(delivery: Delivery, now: datetime) -> str:
    lost = "The connection was lost at the very end, so nobody knows whether the message arrived."
    if delivery.due_at is None:
        return f"{lost} The operator decides."
    if delivery.due_at <= now:
        return f"{lost} It is sent once more now."
    return f"{lost} It will be sent once more at {_clock(delivery.due_at)}."


def _took(delivery: Delivery) -> str:
    if delivery.sent_at is None:
        return "no time"
    seconds = (delivery.sent_at - delivery.created_at).total_seconds()
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} seconds"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M} UTC"
