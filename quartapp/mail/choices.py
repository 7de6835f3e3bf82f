"""What is one word of a few: settings, and the priority of a message."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["SUPPRESSED", "Backend", "OnUncertain", "Priority", "Upgrade"]


class Backend(StrEnum):
    """Where messages go: to an SMTP server, or to the development mailbox inside the app.

    `AUTO` leaves it to the app; a mail service that has no mailbox takes it for SMTP.
    """

    AUTO = "auto"
    SMTP = "smtp"
    MAILBOX = "mailbox"


class OnUncertain(StrEnum):
    """What happens to a message whose connection was lost after the end of data."""

    RESEND = "resend"
    HOLD = "hold"


class Upgrade(StrEnum):
    """Whether the mail tables are brought up to date when the mail service starts."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Priority(StrEnum):
    """How soon a message is sent among others that are due, the soonest first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


SUPPRESSED = "suppressed"
"""The backend of messages that were suppressed when they were queued, and what is said of them."""
