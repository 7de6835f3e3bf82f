"""Previews: each mail template with its sample data, as it would be sent, and never sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from jinja2 import TemplateNotFound
from quart import Blueprint, Response, abort, current_app, render_template, url_for

from quartapp.mail import mail
from quartapp.mail.mailbox import ReadMessage, hints, read
from quartapp.mail.pages.chaos import in_force
from quartapp.mail.pages.guard import developers_only
from quartapp.mail.pages.looks import SCHEMES, WIDTHS, chosen, framed
from quartapp.mail.pages.pairs import Fault, Pair, pairs
from quartapp.web.headers import MESSAGE_POLICY

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

__all__ = ["previews"]

SOMEBODY = "ada@example.org"
VIEWS = ("html", "text", "headers")

previews = Blueprint("previews", __name__, url_prefix="/dev/mail/previews")
previews.before_request(developers_only)
previews.context_processor(in_force)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A pair with what came of it: a message, or what stands in its way."""

    pair: Pair
    message: ReadMessage | None = None
    fault: Fault | None = None
    needs_sample: bool = False


@previews.get("/")
async def index() -> ResponseReturnValue:
    """All messages that have templates."""
    rendered = [await _rendered(pair) for pair in pairs()]
    return await render_template("mailbox/previews.html", rendered=rendered)


@previews.get("/<path:name>")
async def show(name: str) -> ResponseReturnValue:
    """One message, as its reader would see it."""
    rendered = await _rendered(_pair(name))
    message = rendered.message
    page = await render_template(
        "mailbox/preview.html",
        rendered=rendered,
        message=message,
        here=partial(url_for, "previews.show", name=name),
        hints=hints(message) if message else [],
        view=chosen("view", VIEWS, "html" if message and message.html is not None else "text"),
        width=chosen("width", WIDTHS, "desktop"),
        scheme=chosen("scheme", SCHEMES, "own"),
    )
    return page, 200 if message else 422


@previews.get("/<path:name>/html")
async def html(name: str) -> ResponseReturnValue:
    """Its HTML, locked up as that of any message."""
    rendered = await _rendered(_pair(name))
    if rendered.message is None or rendered.message.html is None:
        abort(404)
    shown = framed(rendered.message.html, chosen("scheme", SCHEMES, "own"))
    page = Response(shown, content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = MESSAGE_POLICY
    return page


def _pair(name: str) -> Pair:
    found = (pair for pair in pairs() if pair.short == name)
    return next(found, None) or abort(404, "There are no mail templates of that name.")


async def _rendered(pair: Pair) -> Rendered:
    try:
        sample = pair.sample()
    except TemplateNotFound:
        return Rendered(pair, needs_sample=True)
    except Fault as fault:
        return Rendered(pair, fault=fault)
    subject = str(sample.pop("subject", pair.short))
    to = current_app.config["FLASKY_ADMIN"] or SOMEBODY
    try:
        message = await mail.compose(to, subject, pair.name, **sample)
        return Rendered(pair, message=read(message.as_bytes()))
    except Exception as error:  # noqa: BLE001  # templates raise what they like: it is shown
        return Rendered(pair, fault=Fault.of(error))
