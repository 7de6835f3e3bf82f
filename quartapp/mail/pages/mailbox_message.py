"""One message of the development mailbox, as its reader would see it; it can do nothing here."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import TYPE_CHECKING

from quart import redirect, send_file, url_for
from werkzeug import Response

from quartapp.mail.mailbox import hints
from quartapp.mail.pages.answers import refusal
from quartapp.mail.pages.chaos import shown
from quartapp.mail.pages.headers import MESSAGE_POLICY
from quartapp.mail.pages.looks import SCHEMES, WIDTHS, Excerpt, chosen, framed
from quartapp.mail.pages.service import store

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail.mailbox import Entry, ReadMessage
    from quartapp.mail.pages.blueprint import Pages

__all__ = ["add_to"]

VIEWS = ("html", "text", "headers", "source")


def add_to(pages: Pages) -> None:
    """Add the pages of one message."""
    pages.add("/<message_id>", message)
    pages.add("/<message_id>/delete", delete, methods=["POST"])
    pages.add("/<message_id>.html", html, policy=MESSAGE_POLICY)
    pages.add("/<message_id>.txt", text)
    pages.add("/<message_id>.eml", eml)
    pages.add("/<message_id>/files/<number>", file)


async def message(message_id: str) -> ResponseReturnValue:
    """Its HTML, text, headers or source, what is wrong with it, and the messages next to it."""
    entry, content, opened = await _opened(message_id)
    await store().mark_read(message_id)
    newer, older = await store().neighbours(message_id)
    return await shown(
        "mailbox/message.html",
        entry=entry,
        message=opened,
        address=partial(url_for, ".message", message_id=message_id),
        hints=await asyncio.to_thread(hints, opened),
        view=await chosen("view", VIEWS, "html" if opened.markup is not None else "text"),
        width=await chosen("width", WIDTHS, "desktop"),
        scheme=await chosen("scheme", SCHEMES, "own"),
        source=content[: Excerpt.LONGEST * 4 + 1].decode("utf-8", "replace"),
        excerpt=Excerpt,
        newer=newer,
        older=older,
    )


async def delete(message_id: str) -> ResponseReturnValue:
    """Delete it, and go on with the one before it."""
    _, older = await store().neighbours(message_id)
    try:
        await store().delete(message_id)
    except LookupError:
        raise await _unknown() from None
    if older:
        return redirect(url_for(".message", message_id=older))
    return redirect(url_for(".index"))


async def html(message_id: str) -> ResponseReturnValue:
    """The HTML as it was sent; its policy locks it up so that it can do nothing."""
    _, _, opened = await _opened(message_id)
    if opened.markup is None:
        raise await refusal(404, "This message has no HTML.")
    scheme = await chosen("scheme", SCHEMES, "own")
    framing = await asyncio.to_thread(lambda: framed(opened.html(), scheme))
    return Response(framing, content_type="text/html; charset=utf-8")


async def text(message_id: str) -> ResponseReturnValue:
    """The text as it was sent."""
    _, _, opened = await _opened(message_id)
    if opened.text is None:
        raise await refusal(404, "This message has no text.")
    return Response(opened.text, content_type="text/plain; charset=utf-8")


async def eml(message_id: str) -> ResponseReturnValue:
    """The very bytes that came over the wire."""
    entry, content = await _stored(message_id)
    response = Response(content, content_type="message/rfc822")
    response.headers["Content-Disposition"] = f'attachment; filename="{entry.id}.eml"'
    return response


async def file(message_id: str, number: str) -> ResponseReturnValue:
    """A file that came with it, to be saved and not to be opened by the browser."""
    _, _, opened = await _opened(message_id)
    files = dict(zip(map(str, range(len(opened.attached))), opened.attached, strict=True))
    if number not in files:
        raise await refusal(404, "This message has no such file.")
    attached = files[number]
    return await send_file(
        io.BytesIO(attached.data),
        mimetype="application/octet-stream",
        as_attachment=True,
        attachment_filename=attached.name.replace("/", "_").replace("\\", "_"),
    )


async def _stored(message_id: str) -> tuple[Entry, bytes]:
    try:
        return await store().get(message_id)
    except LookupError:
        raise await _unknown() from None


async def _opened(message_id: str) -> tuple[Entry, bytes, ReadMessage]:
    try:
        return await store().open(message_id)
    except LookupError:
        raise await _unknown() from None


async def _unknown() -> Exception:
    return await refusal(404, "There is no such message in the mailbox.")
