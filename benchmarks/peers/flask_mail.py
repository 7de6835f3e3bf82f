"""Flask-Mail: in a loop, in a thread per mail as in the book, and on one connection."""

from __future__ import annotations

from threading import Thread

from flask import Flask
from flask_mail import Mail, Message

from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from benchmarks.stopwatch import Stopwatch

__all__ = ["bulk", "loop", "threads"]


def loop(port: int, messages: int) -> dict[str, float]:
    """One `mail.send` after the other; each makes a connection of its own."""
    app, mail = _app(port)
    form = message()
    with app.app_context(), Stopwatch() as watch:
        for _ in range(messages):
            mail.send(_message(form.body, form.html))
    return watch.figures(messages)


def threads(port: int, messages: int) -> dict[str, float]:
    """A thread for each mail, as the book's chapter ends."""
    app, mail = _app(port)
    form = message()
    with Stopwatch() as watch:
        started = [_send_in_thread(app, mail, form.body, form.html) for _ in range(messages)]
        for thread in started:
            thread.join()
    return watch.figures(messages)


def bulk(port: int, messages: int) -> dict[str, float]:
    """All messages on one connection, through `mail.connect()`."""
    app, mail = _app(port)
    form = message()
    with app.app_context(), Stopwatch() as watch, mail.connect() as connection:
        for _ in range(messages):
            connection.send(_message(form.body, form.html))
    return watch.figures(messages)


def _app(port: int) -> tuple[Flask, Mail]:
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
    return app, Mail(app)


def _message(body: str, html: str) -> Message:
    return Message(SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=body, html=html)


def _send_in_thread(app: Flask, mail: Mail, body: str, html: str) -> Thread:
    def send() -> None:
        with app.app_context():
            mail.send(message)

    message = _message(body, html)
    thread = Thread(target=send)
    thread.start()
    return thread
