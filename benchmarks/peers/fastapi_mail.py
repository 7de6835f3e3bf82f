"""fastapi-mail: a list of messages in one call."""

from __future__ import annotations

from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType
from fastapi_mail.schemas import MultipartSubtypeEnum

from benchmarks.loops import run
from benchmarks.message import RECIPIENT, SUBJECT, message
from benchmarks.stopwatch import Stopwatch

__all__ = ["bulk"]

AT_ONCE = 500


def bulk(port: int, messages: int) -> dict[str, float]:
    """All messages in lists of 500, each list on one connection."""
    return run(_bulk(port, messages), "uvloop")


async def _bulk(port: int, messages: int) -> dict[str, float]:
    mail = FastMail(_config(port))
    form = message()
    with Stopwatch() as watch:
        for start in range(0, messages, AT_ONCE):
            count = min(AT_ONCE, messages - start)
            await mail.send_message([_message(form.body, form.html) for _ in range(count)])
    return watch.figures(messages)


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
