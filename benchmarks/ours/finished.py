"""The message as finished bytes."""

from __future__ import annotations

from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from quartapp.mail import Message
from quartapp.mail.message.encoding import Encoded, encode
from quartapp.mail.settings import MailSettings

__all__ = ["finished"]


def finished() -> Encoded:
    """The message of every comparison, encoded by us."""
    form = message()
    written = Message(
        SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=form.body, html=form.html
    )
    return encode(written, MailSettings())
