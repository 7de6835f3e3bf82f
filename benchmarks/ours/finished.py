"""The letter as finished bytes."""

from __future__ import annotations

from benchmarks.letter import RECIPIENT, SENDER, SUBJECT, letter
from quartapp.mail import Message
from quartapp.mail.compose import Composed, compose
from quartapp.mail.settings import MailSettings

__all__ = ["finished"]


def finished() -> Composed:
    """The letter of every comparison, composed by us."""
    form = letter()
    message = Message(
        SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=form.body, html=form.html
    )
    return compose(message, MailSettings())
