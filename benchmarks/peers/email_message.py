"""The standard library's EmailMessage: built and flattened, with the same rendering."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from typing import TYPE_CHECKING

from benchmarks.loops import run
from benchmarks.message import CONTEXT, RECIPIENT, SUBJECT, TEMPLATE
from benchmarks.ours.app import bare_app
from benchmarks.stopwatch import Stopwatch

if TYPE_CHECKING:
    from quart import Quart

    from quartapp.mail import MailService

__all__ = ["compose"]


def compose(messages: int) -> dict[str, float]:
    """Render both forms, build the message and flatten it, for each message."""
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
    body, html = await mail.host.render((f"{TEMPLATE}.txt", f"{TEMPLATE}.html"), CONTEXT)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Flasky Admin", "flasky", "example.com")
    message["To"] = RECIPIENT
    message["Subject"] = SUBJECT
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain="example.com")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.text)
    message.add_alternative(html.text, subtype="html")
    return message.as_bytes()
