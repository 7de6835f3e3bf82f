"""The outbox: filled with messages, and drained."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from benchmarks.loops import run
from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from benchmarks.ours.app import bare_app
from benchmarks.stopwatch import Stopwatch
from benchmarks.variant import Failed
from quartapp.mail import MailService, Message, Status
from quartapp.mail.outbox.ids import new_id
from quartapp.mail.outbox.tables import contents, recipients
from quartapp.mail.outbox.tables import messages as table

if TYPE_CHECKING:
    from quart import Quart

__all__ = ["drain", "fill"]

AT_ONCE = 1000
LOOK = 0.05


def fill(url: str, messages: int) -> dict[str, float]:
    """Make the tables and queue that many messages, which are due."""
    return run(_fill(bare_app(DATABASE_URL=url), messages), "asyncio")


def drain(url: str, port: int, messages: int, connections: int, loop: str) -> dict[str, float]:
    """Deliver all of them with the dispatcher, until each is recorded as sent."""
    app = bare_app(DATABASE_URL=url, MAIL_PORT=port, MAIL_CONNECTIONS=connections)
    return run(_drain(app, messages), loop)


async def _fill(app: Quart, messages: int) -> dict[str, float]:
    mail: MailService = app.extensions["mail"]
    await mail.upgrade()
    form = message()
    written = Message(
        SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=form.body, html=form.html
    )
    queued = await mail.send_later(written)
    for start in range(1, messages, AT_ONCE):
        await _copy(mail, queued.id, min(AT_ONCE, messages - start))
    await mail.outbox.database.dispose()
    return {"count": messages}


async def _copy(mail: MailService, original: str, count: int) -> None:
    """Queue the same message again, as other messages."""
    ids = [new_id() for _ in range(count)]
    async with mail.outbox.database.writing() as connection:
        for each, key in ((table, "id"), (recipients, "delivery_id"), (contents, "delivery_id")):
            found = await connection.execute(select(each).where(each.c[key] == original))
            row: dict[str, Any] = dict(found.mappings().one())
            await connection.execute(insert(each), [row | {key: one} for one in ids])


async def _drain(app: Quart, messages: int) -> dict[str, float]:
    mail: MailService = app.extensions["mail"]
    with Stopwatch() as watch:
        async with app.test_app():
            while mail.worker.is_busy or await _waiting(mail):  # noqa: ASYNC110  # in nobody's way
                await asyncio.sleep(LOOK)
            sent = (await mail.stats())[Status.SENT]
    if sent != messages:
        raise Failed(f"{sent} of {messages} messages are recorded as sent")
    return watch.figures(messages)


async def _waiting(mail: MailService) -> int:
    counts = await mail.stats()
    return counts.get(Status.QUEUED, 0) + counts.get(Status.SENDING, 0)
