"""Who may see the developer's pages: this machine, or the operator."""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address

from quart import abort, current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

__all__ = ["developers_only", "operator_only"]

IN_PROCESS = "<local>"
"""The client address of Quart's test client."""

CLOSED = (
    "This page is open on this machine only, under a name such as localhost, "
    "or with OPERATOR_USERNAME and OPERATOR_PASSWORD set."
)


def developers_only() -> None:
    """Let in a client on this machine that asked for this machine by name, else the operator.

    The name matters: a web page that makes its own name lead here would else read along.
    Raises 404 where these pages are closed, 403 or 401 for anybody else.
    """
    if not current_app.config["QUARTAPP_PAGES_OPEN"]:
        abort(404)
    if not (_is_from_here(request.remote_addr or "") and _is_named_here(request.host)):
        operator_only()


def operator_only() -> None:
    """Let in whoever signs in as the operator. Raises 401, or 403 where there is no operator."""
    name = current_app.config["OPERATOR_USERNAME"]
    password = current_app.config["OPERATOR_PASSWORD"]
    if not name or not password:
        abort(403, CLOSED)
    given = request.authorization
    is_name = _is_same(given.username if given else None, name)
    is_password = _is_same(given.password if given else None, password)
    if not (is_name and is_password):
        ask = WWWAuthenticate("basic", {"realm": "quartapp", "charset": "UTF-8"})
        raise Unauthorized(www_authenticate=ask)


def _is_from_here(address: str) -> bool:
    if address == IN_PROCESS:
        return current_app.testing
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def _is_named_here(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_from_here(name.strip("[]"))


def _is_same(given: str | None, wanted: str) -> bool:
    return hmac.compare_digest((given or "").encode(), wanted.encode())
