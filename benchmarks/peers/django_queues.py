"""Django's mail queues: django-mailer and django-post_office, each as its own command drains it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command

from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from benchmarks.stopwatch import Stopwatch

__all__ = ["django_mailer", "django_post_office"]

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
THREADS = 4


def django_mailer(port: int, messages: int) -> dict[str, float]:
    """`send_mail`: one message after the other on one connection, each recorded by itself."""
    with TemporaryDirectory() as folder:
        _set_up(folder, port, ["mailer"], EMAIL_BACKEND="mailer.backend.DbBackend")
        _fill(messages)
        with Stopwatch() as watch:
            call_command("send_mail")
        return watch.figures(messages)


def django_post_office(port: int, messages: int) -> dict[str, float]:
    """`send_queued_mail`: batches of messages, in as many threads as we have connections."""
    office = {"BATCH_SIZE": 500, "THREADS_PER_PROCESS": THREADS}
    with TemporaryDirectory() as folder:
        _set_up(
            folder,
            port,
            ["django.contrib.contenttypes", "post_office"],
            EMAIL_BACKEND="post_office.EmailBackend",
            POST_OFFICE=office,
        )
        _fill(messages)
        with Stopwatch() as watch:
            call_command("send_queued_mail")
        return watch.figures(messages)


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
        written = EmailMultiAlternatives(SUBJECT, form.body, SENDER, [RECIPIENT])
        written.attach_alternative(form.html, "text/html")
        written.send()
