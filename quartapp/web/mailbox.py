"""The development mailbox: what the app has sent, as its reader would see it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from quart import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from quartapp.mailbox import read
from quartapp.web.access import developers_only
from quartapp.web.forms import SafeForm
from quartapp.web.headers import LETTER_POLICY

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mailbox import Entry, Letter, Store

__all__ = ["mailbox"]

PAGE = 50
"""Letters on one page of the list."""

SHOWN = 256 * 1024
"""The most of a long text that a page shows, in characters; the .eml has it all."""

VIEWS = ("html", "text", "headers", "source")
START = re.compile(r"(\s*<!doctype[^>]*>)?(\s*<html\b[^>]*>)?(\s*<head\b[^>]*>)?", re.IGNORECASE)
NEW_TAB = '<base target="_blank">'

mailbox = Blueprint("mailbox", __name__, url_prefix="/dev/mail")
mailbox.before_request(developers_only)


@mailbox.get("/")
async def index() -> ResponseReturnValue:
    """The newest letters first."""
    store = _store()
    entries = await store.newest(PAGE + 1, request.args.get("before"))
    return await render_template(
        "mailbox/index.html",
        entries=entries[:PAGE],
        total=await store.count(),
        has_older=len(entries) > PAGE,
        has_admin=bool(current_app.config["FLASKY_ADMIN"]),
        form=await SafeForm.from_request(),
    )


@mailbox.post("/")
async def empty() -> ResponseReturnValue:
    """Throw every letter away."""
    form = await SafeForm.from_request()
    if not form.validate():
        abort(400, form.refusal)
    await _store().empty()
    return redirect(url_for("mailbox.index"))


@mailbox.get("/messages.json")
async def messages() -> ResponseReturnValue:
    """The list for programs."""
    return jsonify([entry.as_json() for entry in await _store().newest()])


@mailbox.get("/<letter_id>")
async def letter(letter_id: str) -> ResponseReturnValue:
    """One letter: its HTML, text, headers or source."""
    entry, content, opened = await _opened(letter_id)
    view = request.args.get("view", "html" if opened.html is not None else "text")
    if view not in VIEWS:
        abort(404)
    return await render_template(
        "mailbox/letter.html",
        entry=entry,
        letter=opened,
        view=view,
        source=content[:SHOWN].decode("utf-8", "replace") if view == "source" else "",
        shown=SHOWN,
    )


@mailbox.get("/<letter_id>.html")
async def html(letter_id: str) -> ResponseReturnValue:
    """The HTML as it was sent, locked up so that it can do nothing."""
    _, _, opened = await _opened(letter_id)
    if opened.html is None:
        abort(404, "This letter has no HTML.")
    page = Response(_with_links_apart(opened.html), content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = LETTER_POLICY
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@mailbox.get("/<letter_id>.txt")
async def text(letter_id: str) -> ResponseReturnValue:
    """The text as it was sent."""
    _, _, opened = await _opened(letter_id)
    if opened.text is None:
        abort(404, "This letter has no text.")
    return Response(opened.text, content_type="text/plain; charset=utf-8")


@mailbox.get("/<letter_id>.eml")
async def eml(letter_id: str) -> ResponseReturnValue:
    """The very bytes that came over the wire."""
    entry, content = await _kept(letter_id)
    file = Response(content, content_type="message/rfc822")
    file.headers["Content-Disposition"] = f'attachment; filename="{entry.id}.eml"'
    return file


def _store() -> Store:
    store: Store = current_app.extensions["mailbox"]
    return store


async def _kept(letter_id: str) -> tuple[Entry, bytes]:
    try:
        return await _store().get(letter_id)
    except LookupError:
        abort(404, "There is no such letter in the mailbox.")


async def _opened(letter_id: str) -> tuple[Entry, bytes, Letter]:
    entry, content = await _kept(letter_id)
    return entry, content, await asyncio.to_thread(read, content)


def _with_links_apart(html: str) -> str:
    """The HTML with its links opening a new tab: the frame around it shows letters only."""
    return START.sub(rf"\g<0>{NEW_TAB}", html, count=1)
