"""From a template to the final bytes: `Mail.compose` and what `send_later` makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.loops import run
from benchmarks.message import CONTEXT, RECIPIENT, TEMPLATE
from benchmarks.ours.app import bare_app
from benchmarks.stopwatch import Stopwatch
from quartapp.mail.message.encoding import encode as finish

if TYPE_CHECKING:
    from quart import Quart

    from quartapp.mail import MailService

__all__ = ["compose"]


def compose(messages: int) -> dict[str, float]:
    """Render both forms and write the bytes, for each message."""
    return run(_compose(bare_app(), messages), "asyncio")


async def _compose(app: Quart, messages: int) -> dict[str, float]:
    mail: MailService = app.extensions["mail"]
    async with app.app_context():
        await _one(mail)
        with Stopwatch() as watch:
            for _ in range(messages):
                await _one(mail)
    return watch.figures(messages)


async def _one(mail: MailService) -> bytes:
    message = await mail.compose(RECIPIENT, "New User", TEMPLATE, **CONTEXT)
    return finish(message, mail.settings).content
