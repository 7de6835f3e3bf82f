"""The mail service of the app that serves a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import current_app

from quartapp.mail.pages.answers import refusal

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

    from quartapp.mail.mailbox import Chaos, Store
    from quartapp.mail.service import MailService

__all__ = ["chaos", "mail", "store", "unknown"]


def mail() -> MailService:
    """The app's mail service."""
    service: MailService = current_app.extensions["mail"]
    return service


def store() -> Store:
    """The messages in its development mailbox."""
    return mail().mailbox.store


def chaos() -> Chaos:
    """What the mailbox's server does to messages."""
    return mail().mailbox.chaos


async def unknown(delivery_id: str) -> HTTPException:
    """What to raise for an id that the outbox does not have: it may have had it once."""
    if await mail().report.was_deleted(delivery_id):
        return await refusal(404, "This message was deleted after its retention.")
    return await refusal(404, "There is no such message.")
