"""The errors of `quartapp.mail`, as one tree under `MailError`."""

from __future__ import annotations

__all__ = [
    "BadHeaderError",
    "DeliveryError",
    "MailError",
    "MessageError",
    "MessageVetoed",
    "OutboxUnavailable",
    "PermanentError",
    "TransientError",
    "UncertainError",
    "WrongTypeError",
]


class MailError(Exception):
    """Anything that `quartapp.mail` raises on purpose. Its text names the thing and the cure."""


class WrongTypeError(MailError, TypeError):
    """An argument of a type that cannot be meant."""


class OutboxUnavailable(MailError):
    """The outbox's database cannot be reached, or is busy. A retry may help."""


class MessageError(MailError, ValueError):
    """A `Message` that cannot be sent. The text names the field."""


class BadHeaderError(MessageError):
    """A line break or control character in a header name, value, address or file name.

    Refused at construction, because it would inject a header into the message (RFC 5322
    section 2.2).
    """


class MessageVetoed(MailError):
    """A `before_send` hook raised it: the message is not sent, and nothing of it is stored."""

    def __init__(self, reason: str = "a before_send hook vetoed the message") -> None:
        super().__init__(reason)


class DeliveryError(MailError):
    """A message that was not accepted.

    code
        The server's reply code (RFC 5321 section 4.2), None where none came.
    reply
        The text of the server's reply, or ours where there was none.
    """

    def __init__(self, message: str, *, code: int | None = None, reply: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reply = reply or message


class TransientError(DeliveryError):
    """Refused for now: a 4xx reply, or a server outage. A retry may help."""


class PermanentError(DeliveryError):
    """Rejected: a 5xx reply. A retry will not help."""


class UncertainError(DeliveryError):
    """The connection was lost after the end of data: it may or may not have been accepted."""
