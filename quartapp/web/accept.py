"""What the client would rather have: a page or JSON."""

from __future__ import annotations

from quart import request

__all__ = ["wants_json"]

KINDS = ["text/html", "application/json"]


def wants_json() -> bool:
    """Whether the client asks for JSON before HTML."""
    return request.accept_mimetypes.best_match(KINDS, KINDS[0]) == KINDS[1]
