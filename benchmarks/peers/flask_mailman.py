"""Flask-Mailman: a list of messages through one connection."""

from __future__ import annotations

from flask import Flask
from flask_mailman import EmailMultiAlternatives, Mail

from benchmarks.letter import RECIPIENT, SENDER, SUBJECT, letter
from benchmarks.stopwatch import Stopwatch

__all__ = ["bulk"]


def bulk(port: int, letters: int) -> dict[str, float]:
    """All letters on one connection, through `send_messages`."""
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_BACKEND="smtp")
    mail = Mail(app)
    form = letter()
    with app.app_context(), Stopwatch() as watch, mail.get_connection() as connection:
        for _ in range(letters):
            message = EmailMultiAlternatives(SUBJECT, form.body, SENDER, [RECIPIENT])
            message.attach_alternative(form.html, "text/html")
            connection.send_messages([message])
    return watch.figures(letters)
