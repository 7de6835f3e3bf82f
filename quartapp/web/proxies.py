"""What trusted reverse proxies say of a request: who asks, by which scheme, for which host."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    App = Callable[..., Awaitable[None]]
    Headers = Iterable[tuple[bytes, bytes]]

__all__ = ["TrustedProxies", "address_in"]

SCHEMES = {
    "http": {"http": "http", "https": "https", "ws": "http", "wss": "https"},
    "websocket": {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"},
}
"""What a proxy's word means for each type of connection: many call both http or https."""

LONGEST = 64


class TrustedProxies:
    """An ASGI app that sees a request as the outermost trusted proxy saw it.

    Each proxy appends to `X-Forwarded-For`, `-Proto` and `-Host`, so what a client wrote there
    itself is further to the left than any proxy's own words. What makes no sense is left out: the
    client is then the proxy that is connected.

    hops
        How many proxies are trusted, 1 or more.
    """

    def __init__(self, app: App, hops: int) -> None:
        self._app = app
        self._hops = hops

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on a request, or the lifespan."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, **self._told(scope["headers"], SCHEMES[scope["type"]])}
        await self._app(scope, receive, send)

    def _told(self, headers: Headers, schemes: dict[str, str]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if address := address_in(self._word(headers, b"x-forwarded-for")):
            told["client"] = (address, 0)
        if scheme := schemes.get(self._word(headers, b"x-forwarded-proto").lower()):
            told["scheme"] = scheme
        if host := self._word(headers, b"x-forwarded-host"):
            others = [(name, value) for name, value in headers if name.lower() != b"host"]
            told["headers"] = [*others, (b"host", host.encode("latin1"))]
        return told

    def _word(self, headers: Headers, wanted: bytes) -> str:
        values = [value for name, value in headers if name.lower() == wanted]
        words = b",".join(values).decode("latin1").split(",")
        return words[-self._hops].strip() if len(words) >= self._hops else ""


def address_in(text: str) -> str | None:
    """The address that a proxy wrote, with or without a port; None if it is not one.

    As in `192.0.2.1`, `192.0.2.1:5001`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:443`.
    """
    host, port = text[:LONGEST].strip('"'), ""
    if host.startswith("["):
        host, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return None
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
