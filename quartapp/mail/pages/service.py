"""The mail service of the app that serves a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import current_app

if TYPE_CHECKING:
    from quartapp.mail.mailbox import Chaos, Store
    from quartapp.mail.service import MailService

__all__ = ["chaos", "mail", "store"]


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
