"""fastapi-mail: a list of messages in one call."""

from __future__ import annotations

from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType
from fastapi_mail.schemas import MultipartSubtypeEnum

from benchmarks.letter import RECIPIENT, SUBJECT, letter
from benchmarks.loops import run
from benchmarks.stopwatch import Stopwatch

__all__ = ["bulk"]

AT_ONCE = 500


def bulk(port: int, letters: int) -> dict[str, float]:
    """All letters in lists of 500, each list on one connection."""
    return run(_bulk(port, letters), "uvloop")


async def _bulk(port: int, letters: int) -> dict[str, float]:
    mail = FastMail(_config(port))
    form = letter()
    with Stopwatch() as watch:
        for start in range(0, letters, AT_ONCE):
            count = min(AT_ONCE, letters - start)
            await mail.send_message([_message(form.body, form.html) for _ in range(count)])
    return watch.figures(letters)


def _config(port: int) -> ConnectionConfig:
    return ConnectionConfig(
        MAIL_USERNAME="",
        MAIL_PASSWORD="",
        MAIL_FROM="flasky@example.com",
        MAIL_FROM_NAME="Flasky Admin",
        MAIL_PORT=port,
        MAIL_SERVER="127.0.0.1",
        MAIL_STARTTLS=False,
        MAIL_SSL_TLS=False,
        USE_CREDENTIALS=False,
    )


def _message(body: str, html: str) -> MessageSchema:
    return MessageSchema(
        subject=SUBJECT,
        recipients=[RECIPIENT],
        body=body,
        alternative_body=html,
        subtype=MessageType.plain,
        multipart_subtype=MultipartSubtypeEnum.alternative,
    )
