"""What a visitor is told when something goes wrong: one sentence, as a page or as JSON."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from quart import Response, has_websocket_context, jsonify, render_template
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from quartapp.database import DatabaseUnavailable
from quartapp.mail import OutboxUnavailable
from quartapp.web.accept import wants_json

if TYPE_CHECKING:
    from quart import Quart

__all__ = ["init_app"]

logger = logging.getLogger(__name__)

SOON = 2
"""When a visitor may try again after the database was busy, in seconds."""

SENTENCES = {
    400: "The request could not be understood.",
    401: "Operator sign-in required.",
    403: "This page is not open to you.",
    404: "There is no page at this address.",
    405: "This address does not take that kind of request.",
    413: "Request too large. Nothing was saved.",
    429: "Too many requests. Please try again later.",
    500: "Something went wrong on our side. Nothing was saved; the error has been logged.",
    503: "We are busy right now. Nothing was saved; please try again in a moment.",
}


def init_app(app: Quart) -> None:
    """Answer every error with our own page."""
    app.register_error_handler(HTTPException, _answer)
    for outage in (DatabaseUnavailable, OutboxUnavailable):
        app.register_error_handler(outage, _answer_without_database)


async def _answer(error: HTTPException) -> Response:
    if has_websocket_context():
        # There are none here, and a page is for whoever made a request.
        return Response("", 404)
    code = error.code or 500
    title, sentence = error.name, _sentence(error, code)
    if wants_json():
        response = jsonify(error=title, message=sentence, status=code)
    else:
        page = await render_template("error.html", code=code, title=title, sentence=sentence)
        response = Response(page)
    response.status_code = code
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


async def _answer_without_database(error: DatabaseUnavailable | OutboxUnavailable) -> Response:
    logger.warning("A request was refused: %s", error)
    return await _answer(ServiceUnavailable(retry_after=SOON))


def _sentence(error: HTTPException, code: int) -> str:
    """Our own text; another only where our code wrote it, since the rest may reveal too much."""
    is_ours = error.description and error.description != type(error).description
    if is_ours and not (isinstance(error, InternalServerError) and error.original_exception):
        return str(error.description)
    return SENTENCES.get(code, f"{error.name}.")
