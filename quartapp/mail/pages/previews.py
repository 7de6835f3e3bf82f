"""Previews: each mail template with its sample data, as it would be sent, and never sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound
from quart import url_for
from werkzeug import Response

from quartapp.mail.mailbox import ReadMessage, hints, read
from quartapp.mail.pages.answers import refusal
from quartapp.mail.pages.chaos import shown
from quartapp.mail.pages.headers import MESSAGE_POLICY
from quartapp.mail.pages.looks import SCHEMES, WIDTHS, chosen, framed
from quartapp.mail.pages.pairs import Fault, Pair, pairs
from quartapp.mail.pages.service import mail
from quartapp.mail.rendering import NoSubject

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail.message.message import Message
    from quartapp.mail.pages.blueprint import Pages

__all__ = ["add_to"]

READER = "ada@example.org"
VIEWS = ("html", "text", "headers")
DEFAULT = "default"
"""The templates of no language."""


def add_to(pages: Pages) -> None:
    """Add the pages."""
    pages.add("/previews/", previews)
    pages.add("/previews/<path:name>", preview)
    pages.add("/previews/<path:name>/html", preview_html, policy=MESSAGE_POLICY)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A pair with what came of it: a message, or what stands in its way.

    locale
        Of the templates that were asked for.
    """

    pair: Pair
    message: ReadMessage | None = None
    fault: Fault | None = None
    needs_sample: bool = False
    locale: str = DEFAULT

    @property
    def subject(self) -> str:
        """The message's."""
        return dict(self.message.headers).get("Subject", "") if self.message else ""


async def previews() -> ResponseReturnValue:
    """All messages that have templates."""
    rendered = [await _rendered(pair) for pair in pairs()]
    return await shown("mailbox/previews.html", rendered=rendered)


async def preview(name: str) -> ResponseReturnValue:
    """One message, as its reader would see it."""
    rendered = await _asked_for(name)
    message = rendered.message
    page = await shown(
        "mailbox/preview.html",
        rendered=rendered,
        message=message,
        address=partial(url_for, ".preview", name=name),
        hints=hints(message) if message else [],
        view=await chosen(
            "view", VIEWS, "html" if message and message.markup is not None else "text"
        ),
        width=await chosen("width", WIDTHS, "desktop"),
        scheme=await chosen("scheme", SCHEMES, "own"),
    )
    return page, 200 if message else 422


async def preview_html(name: str) -> ResponseReturnValue:
    """Its HTML, locked up as that of any message."""
    rendered = await _asked_for(name)
    if rendered.message is None or rendered.message.markup is None:
        raise await refusal(404, "This preview has no HTML.")
    framing = framed(rendered.message.html(), await chosen("scheme", SCHEMES, "own"))
    return Response(framing, content_type="text/html; charset=utf-8")


async def _asked_for(name: str) -> Rendered:
    for pair in pairs():
        if pair.short == name:
            return await _rendered(pair, await chosen("locale", (DEFAULT, *pair.locales), DEFAULT))
    raise await refusal(404, "There are no mail templates of that name.")


async def _rendered(pair: Pair, locale: str = DEFAULT) -> Rendered:
    try:
        sample = pair.sample()
    except TemplateNotFound:
        return Rendered(pair, needs_sample=True, locale=locale)
    except Fault as fault:
        return Rendered(pair, fault=fault, locale=locale)
    try:
        message = await _composed(pair, locale, **sample)
        return Rendered(pair, message=read(message.as_bytes()), locale=locale)
    except Exception as error:  # noqa: BLE001  # templates raise what they like: it is shown
        return Rendered(pair, fault=Fault.of(error), locale=locale)


async def _composed(pair: Pair, locale: str, *, subject: object = "", **sample: Any) -> Message:
    """The message with the subject of its sample data, else of its templates, else its name."""
    tag = None if locale == DEFAULT else locale
    try:
        return await mail().compose(READER, str(subject) or None, pair.name, locale=tag, **sample)
    except NoSubject:
        return await mail().compose(READER, pair.short, pair.name, locale=tag, **sample)
