"""Who may see the mail pages of the demo, built on the extension's guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import abort, current_app
from werkzeug.exceptions import NotFound

from quartapp.mail import mail

if TYPE_CHECKING:
    from quartapp.mail import Operator

__all__ = ["developers", "operators"]

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
