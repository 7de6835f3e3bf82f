"""Flask-Mailman: a list of messages through one connection."""

from __future__ import annotations

from flask import Flask
from flask_mailman import EmailMultiAlternatives, Mail

from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from benchmarks.stopwatch import Stopwatch

__all__ = ["bulk"]


def bulk(port: int, messages: int) -> dict[str, float]:
    """All messages on one connection, through `send_messages`."""
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_BACKEND="smtp")
    mail = Mail(app)
    form = message()
    with app.app_context(), Stopwatch() as watch, mail.get_connection() as connection:
        for _ in range(messages):
            written = EmailMultiAlternatives(SUBJECT, form.body, SENDER, [RECIPIENT])
            written.attach_alternative(form.html, "text/html")
            connection.send_messages([written])
    return watch.figures(messages)
