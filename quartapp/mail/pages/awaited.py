"""A message of the outbox that is not in the mailbox: where it is, and what it says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quart import current_app, redirect, url_for
from werkzeug import Response

from quartapp.mail.choices import SUPPRESSED, Backend
from quartapp.mail.mailbox import read
from quartapp.mail.pages.answers import refusal
from quartapp.mail.pages.chaos import shown
from quartapp.mail.pages.headers import MESSAGE_POLICY
from quartapp.mail.pages.looks import Excerpt
from quartapp.mail.pages.service import mail, store, unknown
from quartapp.mail.pages.whereabouts import whereabouts

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail.outbox.query.views import History
    from quartapp.mail.pages.blueprint import Pages

__all__ = ["add_to"]

OPEN = (Backend.MAILBOX, SUPPRESSED)
"""The backends of messages that reach nobody. What others say, `/outbox/` shows, and logs that."""


def add_to(pages: Pages) -> None:
    """Add the pages."""
    pages.add("/of/<delivery_id>", of)
    pages.add("/of/<delivery_id>.html", of_html, policy=MESSAGE_POLICY)
    pages.add("/of/<delivery_id>.eml", of_eml)


async def of(delivery_id: str) -> ResponseReturnValue:
    """The message that the outbox knows by this id, or where it is while it has not arrived."""
    history = await _history(delivery_id)
    entry = await store().find(history.delivery.message_id)
    if entry:
        return redirect(url_for(".message", message_id=entry.id))
    content = await _content(history)
    return await shown(
        "mailbox/awaited.html",
        delivery=history.delivery,
        sentence=whereabouts(history, await mail().report.workers(), datetime.now(UTC)),
        message=await asyncio.to_thread(read, content) if content is not None else None,
        operator_page=_operator_page(delivery_id),
        excerpt=Excerpt,
    )


async def of_html(delivery_id: str) -> ResponseReturnValue:
    """Its HTML; the page's policy locks it up so that it can do nothing."""
    message = await asyncio.to_thread(read, await _stored(delivery_id))
    if message.markup is None:
        raise await refusal(404, "This message has no HTML.")
    html = await asyncio.to_thread(message.html)
    return Response(html, content_type="text/html; charset=utf-8")


async def of_eml(delivery_id: str) -> ResponseReturnValue:
    """The bytes that are sent."""
    response = Response(await _stored(delivery_id), content_type="message/rfc822")
    response.headers["Content-Disposition"] = f'attachment; filename="{delivery_id}.eml"'
    return response


async def _history(delivery_id: str) -> History:
    history = await mail().report.history(delivery_id)
    if history is None:
        raise await unknown(delivery_id)
    return history


async def _stored(delivery_id: str) -> bytes:
    content = await _content(await _history(delivery_id))
    if content is None:
        raise await refusal(404, "The content of this message is not shown here.")
    return content


async def _content(history: History) -> bytes | None:
    """What the message says, where that may be seen here."""
    if history.backend not in OPEN:
        return None
    try:
        return await mail().report.content(history.delivery.id)
    except LookupError:
        return None


def _operator_page(delivery_id: str) -> str | None:
    """Where the operator sees this message; None where those pages are not mounted."""
    for endpoint in current_app.view_functions:
        if f".{endpoint}".endswith(".mail_outbox.message"):
            return url_for(endpoint, delivery_id=delivery_id)
    return None
