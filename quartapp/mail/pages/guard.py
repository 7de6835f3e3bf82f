"""The default guard: in debug a client on this machine, else whoever signs in as the operator."""

from __future__ import annotations

import hmac
import logging

from quart import abort, current_app, request
from werkzeug.datastructures import Authorization, WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from quartapp.mail.clients import is_this_machine
from quartapp.mail.operator import Operator
from quartapp.mail.pages.throttle import Guesses

__all__ = ["guard", "has_operator"]

logger = logging.getLogger(__name__)

IN_PROCESS = "<local>"
"""The client address of Quart's test client."""

GUESSES = "quartapp.mail.pages.guesses"


async def guard(*, local: bool | None = None) -> Operator:
    """Let in who may see the operator's pages; an `allow` may build on it.

    local
        Whether a client on this machine that asked for this machine by name needs no sign-in; by
        default it needs none in debug. The name matters: a web page that makes its own name lead
        here would else read along.

    Raises `NotFound` while no operator is set (OPERATOR_USERNAME and OPERATOR_PASSWORD),
    `Unauthorized` to ask for the sign-in, `TooManyRequests` after ten wrong ones in a minute.
    """
    # Asked now: while an app is being made, its debug is false.
    may_be_local = current_app.debug if local is None else local
    if may_be_local and _is_from_here(request.remote_addr or "") and _is_named_here(request.host):
        return _signed_in() or Operator("a local user")
    if not has_operator():
        abort(404)
    return _checked_sign_in()


def has_operator() -> bool:
    """Whether an operator can sign in."""
    return all(_credentials())


def _checked_sign_in() -> Operator:
    address = request.remote_addr or ""
    if sign_in := request.headers.get("Authorization"):
        guesses = _guesses()
        guesses.check(address, sign_in)
        if operator := _signed_in():
            guesses.remember(address, sign_in)
            return operator
        guesses.count(address, sign_in)
        logger.warning("a sign-in as the operator was wrong (from %s)", address)
    ask = WWWAuthenticate("basic", {"realm": current_app.name, "charset": "UTF-8"})
    raise Unauthorized(www_authenticate=ask)


def _signed_in() -> Operator | None:
    name, password = _credentials()
    given = _given()
    is_name = _is_same(given.username if given else None, name)
    is_password = _is_same(given.password if given else None, password)
    return Operator(f"operator {name}") if has_operator() and is_name and is_password else None


def _given() -> Authorization | None:
    try:
        return request.authorization
    except ValueError:
        return None  # the library fails on credentials that are not ASCII


def _credentials() -> tuple[str, str]:
    config = current_app.config
    name, password = config.get("OPERATOR_USERNAME"), config.get("OPERATOR_PASSWORD")
    return str(name or ""), str(password or "")


def _guesses() -> Guesses:
    """Each app counts by itself."""
    guesses: Guesses = current_app.extensions.setdefault(GUESSES, Guesses())
    return guesses


def _is_from_here(address: str) -> bool:
    if address == IN_PROCESS:
        return current_app.testing
    return is_this_machine(address)


def _is_named_here(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_this_machine(name.strip("[]"))


def _is_same(given: str | None, wanted: str) -> bool:
    return hmac.compare_digest((given or "").encode(), wanted.encode())
