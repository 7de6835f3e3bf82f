"""The security headers of the demo's own pages; those of the mail pages are the extension's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import request

if TYPE_CHECKING:
    from quart import Quart, Response

__all__ = ["init_app"]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def init_app(app: Quart) -> None:
    """Add the headers to every answer that has not its own."""
    app.after_request(_add)


async def _add(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        # Pages greet by name and carry a fresh token: going back must ask again.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
