"""Requests that Quart cannot read: it would answer them with a 500 and a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    App = Callable[..., Awaitable[None]]

__all__ = ["OnlyReadable"]

LONGEST_HOST = 255 + len(":65535")
HEADERS = [(b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff")]
BODY = b"The request could not be understood."


class OnlyReadable:
    """An ASGI app that answers 400 to a host that IDNA cannot write, such as `a..b`, and to a query
    that is not UTF-8. There is no page then, since there can be no request.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on a request that can be read, or the lifespan."""
        if scope["type"] == "lifespan" or _is_readable(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1002})
        else:
            await send({"type": "http.response.start", "status": 400, "headers": HEADERS})
            await send({"type": "http.response.body", "body": BODY, "more_body": False})


def _is_readable(scope: Any) -> bool:
    hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
    try:
        scope["query_string"].decode()
        for host in hosts:
            # As Werkzeug does it, but for the length: IDNA takes a name apart label by label.
            host[:LONGEST_HOST].decode("latin1").lower().partition(":")[0].encode("idna")
    except UnicodeError:
        return False
    return all(len(host) <= LONGEST_HOST for host in hosts)
