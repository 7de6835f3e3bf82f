"""Who may see the mail pages of the demo, built on the extension's guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import abort, current_app
from werkzeug.exceptions import NotFound

from quartapp.mail import mail

if TYPE_CHECKING:
    from quartapp.mail import Operator

__all__ = ["developers", "operators", "scrapers"]

CLOSED = (
    "This page is open on this machine only, under a name such as localhost, "
    "or with OPERATOR_USERNAME and OPERATOR_PASSWORD set."
)


async def operators() -> Operator:
    """In production the operator only; in development whoever may see the mailbox."""
    if current_app.config["QUARTAPP_ENV"] != "production":
        return await developers()
    return await mail.guard(local=False)


async def developers() -> Operator:
    """A client on this machine, else the operator; 404 where these pages are closed."""
    if not current_app.config["QUARTAPP_PAGES_OPEN"]:
        abort(404)
    try:
        return await mail.guard(local=True)
    except NotFound:
        abort(403, CLOSED)


async def scrapers() -> bool | Operator:
    """Who may read `/metrics`: the operator where one is set, else everybody in development, and
    in production where QUARTAPP_METRICS says so.
    """
    config = current_app.config
    if config["OPERATOR_USERNAME"]:
        return await mail.guard(local=False)
    if not config["QUARTAPP_PAGES_OPEN"] and config["QUARTAPP_METRICS"] != "open":
        abort(404)
    return True
