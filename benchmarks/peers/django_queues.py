"""Django's mail queues: django-mailer and django-post_office, filled and drained their own way."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.message import RECIPIENT, SENDER, SUBJECT, Form, message
from benchmarks.stopwatch import Stopwatch, difference

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["django_mailer", "django_post_office", "enqueue_mailer", "enqueue_post_office"]

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
THREADS = 4
WARM_UP = 100


def django_mailer(port: int, messages: int) -> dict[str, float]:
    """`send_mail`: one message after the other on one connection, each recorded by itself."""
    with TemporaryDirectory() as folder:
        _set_up_mailer(folder, port)
        _fill(messages)
        with Stopwatch() as watch:
            call_command("send_mail")
        return watch.figures(messages)


def django_post_office(port: int, messages: int) -> dict[str, float]:
    """`send_queued_mail`: batches of messages, in as many threads as we have connections."""
    with TemporaryDirectory() as folder:
        _set_up_post_office(folder, port)
        _fill(messages)
        with Stopwatch() as watch:
            call_command("send_queued_mail")
        return watch.figures(messages)


def enqueue_mailer(messages: int) -> dict[str, float]:
    """A row and a message in each transaction, less the same with the row alone."""
    with TemporaryDirectory() as folder:
        _set_up_mailer(folder)
        return _enqueue(messages)


def enqueue_post_office(messages: int) -> dict[str, float]:
    """A row and a message in each transaction, less the same with the row alone."""
    with TemporaryDirectory() as folder:
        _set_up_post_office(folder)
        return _enqueue(messages)


def _enqueue(messages: int) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
    form = message()
    _transactions(lambda: _send(form), WARM_UP)
    with Stopwatch() as without:
        _transactions(lambda: None, messages)
    with Stopwatch() as watch:
        _transactions(lambda: _send(form), messages)
    return difference(watch, without, messages)


def _transactions(act: Callable[[], None], count: int) -> None:
    for number in range(count):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO notes (text) VALUES (%s)", [f"note {number}"])
            act()


def _set_up_mailer(folder: str, port: int = 25) -> None:
    _set_up(folder, port, ["mailer"], EMAIL_BACKEND="mailer.backend.DbBackend")


def _set_up_post_office(folder: str, port: int = 25) -> None:
    _set_up(
        folder,
        port,
        ["django.contrib.contenttypes", "post_office"],
        EMAIL_BACKEND="post_office.EmailBackend",
        POST_OFFICE={"BATCH_SIZE": 500, "THREADS_PER_PROCESS": THREADS},
    )


def _set_up(folder: str, port: int, apps: list[str], **others: Any) -> None:
    settings.configure(
        INSTALLED_APPS=apps,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(folder) / "queue.sqlite",
                "OPTIONS": {"init_command": PRAGMAS, "transaction_mode": "IMMEDIATE"},
            }
        },
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        MAILER_LOCK_PATH=str(Path(folder) / "lock"),
        MAILER_USE_FILE_LOCK=True,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        LOGGING_CONFIG=None,
        USE_TZ=True,
        **others,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def _fill(messages: int) -> None:
    """Queue the messages, as an app does that sends through the queue's backend."""
    form = message()
    for _ in range(messages):
        _send(form)


def _send(form: Form) -> None:
    written = EmailMultiAlternatives(SUBJECT, form.body, SENDER, [RECIPIENT])
    written.attach_alternative(form.html, "text/html")
    written.send()
