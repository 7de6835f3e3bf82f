"""Who may see the pages that are not for everybody: this machine, or the operator."""

from __future__ import annotations

import hmac
import logging
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from quart import abort, current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

if TYPE_CHECKING:
    from quartapp.mail.pages.throttle import Guesses

__all__ = ["developers_only", "operator_only", "operators_page", "who"]

logger = logging.getLogger(__name__)

IN_PROCESS = "<local>"
"""The client address of Quart's test client."""

CLOSED = (
    "This page is open on this machine only, under a name such as localhost, "
    "or with OPERATOR_USERNAME and OPERATOR_PASSWORD set."
)


async def operators_page() -> None:
    """In production let in the operator only; in development also who may see everything.

    Raises 404 in production while there is no operator, and what `developers_only` raises.
    """
    if current_app.config["QUARTAPP_ENV"] != "production":
        await developers_only()
        return
    if not all(_operator()):
        abort(404)
    await operator_only()


async def developers_only() -> None:
    """Let in a client on this machine that asked for this machine by name, else the operator.

    The name matters: a web page that makes its own name lead here would else read along.
    Raises 404 where these pages are closed, 403 or 401 for anybody else.
    """
    if not current_app.config["QUARTAPP_PAGES_OPEN"]:
        abort(404)
    if not (_is_from_here(request.remote_addr or "") and _is_named_here(request.host)):
        await operator_only()


async def operator_only() -> None:
    """Let in whoever signs in as the operator.

    Raises 401, 403 where there is no operator, 429 after too many wrong sign-ins.
    """
    if not all(_operator()):
        abort(403, CLOSED)
    guesses: Guesses = current_app.extensions["guesses"]
    address = request.remote_addr or ""
    if "Authorization" in request.headers:
        await guesses.check(address)
        if _is_signed_in():
            return
        await guesses.count(address)
        logger.warning("a sign-in as the operator was wrong")
    ask = WWWAuthenticate("basic", {"realm": "quartapp", "charset": "UTF-8"})
    raise Unauthorized(www_authenticate=ask)


def who() -> str:
    """Whom the log names for what is done: the operator, or somebody on this machine."""
    if all(_operator()) and _is_signed_in():
        return f"operator {_operator()[0]}"
    return "somebody on this machine"


def _operator() -> tuple[str, str]:
    name = current_app.config["OPERATOR_USERNAME"]
    return name or "", current_app.config["OPERATOR_PASSWORD"] or ""


def _is_signed_in() -> bool:
    name, password = _operator()
    given = request.authorization
    is_name = _is_same(given.username if given else None, name)
    is_password = _is_same(given.password if given else None, password)
    return is_name and is_password


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
