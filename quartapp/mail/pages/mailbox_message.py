"""One message of the development mailbox, as its reader would see it; it can do nothing here."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import TYPE_CHECKING

from quart import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    send_file,
    url_for,
)

from quartapp.mail.mailbox import hints, read
from quartapp.mail.pages.chaos import in_force
from quartapp.mail.pages.guard import developers_only
from quartapp.mail.pages.looks import SCHEMES, WIDTHS, chosen, framed
from quartapp.web.forms import SafeForm
from quartapp.web.headers import MESSAGE_POLICY

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail.mailbox import Entry, ReadMessage, Store

__all__ = ["message"]

SHOWN = 256 * 1024
"""The most of a long text that a page shows, in characters; the .eml has it all."""

VIEWS = ("html", "text", "headers", "source")
message = Blueprint("message", __name__, url_prefix="/dev/mail")
message.before_request(developers_only)
message.context_processor(in_force)


@message.get("/<delivery_id>")
async def show(delivery_id: str) -> ResponseReturnValue:
    """Its HTML, text, headers or source, what is wrong with it, and the messages next to it."""
    entry, content, opened = await _opened(delivery_id)
    await _store().mark_read(delivery_id)
    newer, older = await _store().neighbours(delivery_id)
    return await render_template(
        "mailbox/message.html",
        entry=entry,
        message=opened,
        here=partial(url_for, "message.show", delivery_id=delivery_id),
        hints=await asyncio.to_thread(hints, opened),
        view=chosen("view", VIEWS, "html" if opened.html is not None else "text"),
        width=chosen("width", WIDTHS, "desktop"),
        scheme=chosen("scheme", SCHEMES, "own"),
        source=content[:SHOWN].decode("utf-8", "replace"),
        shown=SHOWN,
        newer=newer,
        older=older,
        form=await SafeForm.from_request(),
    )


@message.post("/<delivery_id>/delete")
async def delete(delivery_id: str) -> ResponseReturnValue:
    """Throw it away, and go on with the one before it."""
    form = await SafeForm.from_request()
    if not form.validate():
        abort(400, form.refusal)
    _, older = await _store().neighbours(delivery_id)
    try:
        await _store().delete(delivery_id)
    except LookupError:
        abort(404)
    if older:
        return redirect(url_for("message.show", delivery_id=older))
    return redirect(url_for("mailbox.index"))


@message.get("/<delivery_id>.html")
async def html(delivery_id: str) -> ResponseReturnValue:
    """The HTML as it was sent, locked up so that it can do nothing."""
    _, _, opened = await _opened(delivery_id)
    if opened.html is None:
        abort(404, "This message has no HTML.")
    shown = framed(opened.html, chosen("scheme", SCHEMES, "own"))
    page = Response(shown, content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = MESSAGE_POLICY
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@message.get("/<delivery_id>.txt")
async def text(delivery_id: str) -> ResponseReturnValue:
    """The text as it was sent."""
    _, _, opened = await _opened(delivery_id)
    if opened.text is None:
        abort(404, "This message has no text.")
    return Response(opened.text, content_type="text/plain; charset=utf-8")


@message.get("/<delivery_id>.eml")
async def eml(delivery_id: str) -> ResponseReturnValue:
    """The very bytes that came over the wire."""
    entry, content = await _kept(delivery_id)
    file = Response(content, content_type="message/rfc822")
    file.headers["Content-Disposition"] = f'attachment; filename="{entry.id}.eml"'
    return file


@message.get("/<delivery_id>/files/<int:number>")
async def file(delivery_id: str, number: int) -> ResponseReturnValue:
    """A file that came with it, to be kept and not to be opened by the browser."""
    _, _, opened = await _opened(delivery_id)
    if number >= len(opened.attached):
        abort(404, "This message has no such file.")
    attached = opened.attached[number]
    return await send_file(
        io.BytesIO(attached.data),
        mimetype="application/octet-stream",
        as_attachment=True,
        attachment_filename=attached.name.replace("/", "_"),
    )


def _store() -> Store:
    store: Store = current_app.extensions["mailbox"]
    return store


async def _kept(delivery_id: str) -> tuple[Entry, bytes]:
    try:
        return await _store().get(delivery_id)
    except LookupError:
        abort(404, "There is no such message in the mailbox.")


async def _opened(delivery_id: str) -> tuple[Entry, bytes, ReadMessage]:
    entry, content = await _kept(delivery_id)
    return entry, content, await asyncio.to_thread(read, content)
