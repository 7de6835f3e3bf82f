"""Chaos: have the mailbox's server misbehave, and watch what becomes of messages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from quart import redirect, request, url_for

from quartapp.mail.choices import Backend
from quartapp.mail.mailbox import Kind
from quartapp.mail.pages import service
from quartapp.mail.pages.access import operator
from quartapp.mail.pages.answers import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quart.typing import ResponseReturnValue

    from quartapp.mail.pages.blueprint import Pages

__all__ = ["add_to", "shown"]

logger = logging.getLogger(__name__)

MOST = 1000


def add_to(pages: Pages) -> None:
    """Add the pages."""
    pages.add("/chaos", chaos)
    pages.add("/chaos", switch_on, methods=["POST"])
    pages.add("/chaos/off", switch_off, methods=["POST"])


async def shown(template: str, **context: Any) -> str:
    """A page of the mailbox, which says on top what is in force."""
    destination = _destination()
    return await render(
        template, mischief=await service.chaos().now(), destination=destination, **context
    )


def _destination() -> str:
    """Where messages go that do not come here; empty where all of them come here."""
    mail = service.mail()
    settings = mail.settings
    if mail.worker.is_suppressed:
        return "MAIL_SUPPRESS_SEND is on: messages are sent to nobody, and do not come here."
    if mail.worker.has_own_transport:
        return "Messages go through a transport of the application's own, and do not come here."
    if settings.backend is not Backend.MAILBOX:
        return f"Messages go to {settings.server}:{settings.port}, and do not come here."
    return ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do, and to how many messages, as it was typed."""

    kind: str = ""
    messages: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """The fields of the form."""
        return cls(sent.get("kind", ""), sent.get("messages", "").strip())

    @property
    def objection_to_kind(self) -> str:
        """What is wrong with it, in a sentence."""
        return "" if self.kind in Kind.__members__ else "Choose a fault."

    @property
    def objection_to_messages(self) -> str:
        """What is wrong with it, in a sentence."""
        is_number = self.messages.isdecimal() and len(self.messages) <= len(str(MOST))
        if not self.messages or (is_number and 1 <= int(self.messages) <= MOST):
            return ""
        return f"Give a number from 1 to {MOST}, or leave it blank for all."


async def chaos() -> ResponseReturnValue:
    """What is in force, and what could be."""
    return await shown("mailbox/chaos.html", wish=Wish(), is_asked=False, kinds=Kind)


async def switch_on() -> ResponseReturnValue:
    """Misbehave from now on."""
    wish = Wish.read(await request.form)
    if wish.objection_to_kind or wish.objection_to_messages:
        return await shown("mailbox/chaos.html", wish=wish, is_asked=True, kinds=Kind), 400
    kind, number = Kind[wish.kind], int(wish.messages) if wish.messages else None
    await service.chaos().switch_on(kind, number)
    logger.info("chaos on (%s, from %s): %s", operator().name, request.remote_addr, kind)
    return redirect(url_for(".chaos"))


async def switch_off() -> ResponseReturnValue:
    """Behave again."""
    await service.chaos().switch_off()
    logger.info("chaos off (%s, from %s)", operator().name, request.remote_addr)
    return redirect(url_for(".chaos"))
