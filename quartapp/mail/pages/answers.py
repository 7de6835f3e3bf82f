"""What our pages answer with: templates of their own, JSON, and a page for each refusal."""

from __future__ import annotations

import json
from functools import cache
from inspect import isawaitable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from quart import current_app, request, url_for
from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from quartapp.mail.lines import escaped
from quartapp.mail.pages.access import operator

__all__ = ["as_json", "refusal", "render", "wants_json"]

KINDS = ["text/html", "application/json"]

SENTENCES = {
    400: "The request could not be understood.",
    401: "Operator sign-in required.",
    403: "This page is not open to you.",
    404: "There is no page at this address.",
    405: "This address does not accept that method.",
    408: "The form did not arrive in time. Nothing was changed.",
    413: "Request too large. Nothing was changed.",
    429: "Too many requests. Please try again later.",
    503: "The database is busy. Nothing was saved; please try again in a moment.",
}


async def render(template: str, **context: Any) -> str:
    """One of our templates, with nothing of the host's in it but its name and address."""
    return (
        await _environment()
        .get_template(template)
        .render_async(
            app_name=current_app.name,
            home=f"{request.root_path}/",
            here=(request.endpoint or "").rpartition(".")[2],
            can_act=not operator().readonly,
            **context,
        )
    )


def as_json(told: Any, status: int = 200) -> Response:
    """A value for programs, written by the standard library whatever the host's provider does."""
    return Response(json.dumps(told), status, content_type="application/json")


def wants_json() -> bool:
    """Whether the client asks for JSON before HTML."""
    return request.accept_mimetypes.best_match(KINDS, KINDS[0]) == KINDS[1]


async def refusal(code: int, sentence: str = "", **headers: str) -> HTTPException:
    """An error to raise that carries our own page, or JSON, past the host's error handlers.

    headers
        Their names with _ for -.
    """
    title, sentence = HTTP_STATUS_CODES[code], sentence or SENTENCES[code]
    if wants_json() or not _has_files():
        response = as_json({"error": title, "message": sentence, "status": code}, code)
    else:
        page = await render("error.html", code=code, title=title, sentence=sentence)
        response = Response(page, code, content_type="text/html; charset=utf-8")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return HTTPException(response=response)


def _has_files() -> bool:
    """Whether pages can be shown: health has neither style nor pictures."""
    return f"{request.blueprint}.static" in current_app.view_functions


@cache
def _environment() -> Environment:
    """Apart from the host's, whose delimiters, autoescape and base.html are its own business."""
    environment = Environment(
        loader=PackageLoader("quartapp.mail.pages"),
        autoescape=True,
        enable_async=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {"url_for": url_for, "csrf_field": _csrf_field}
    environment.filters["escaped"] = escaped
    return environment


async def _csrf_field() -> Markup:
    """The host's token, where it checks every form of its app (`CSRFProtect`)."""
    make = current_app.jinja_env.globals.get("csrf_token")
    if not callable(make):
        return Markup()
    token = make()
    name = current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token")
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format(name, await token if isawaitable(token) else token)
