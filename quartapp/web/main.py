"""The page that asks for a name, greets, and lets the administrator know of new users."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jinja2 import TemplateError
from quart import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from quartapp.mail import MailError, mail
from quartapp.models import User
from quartapp.web.accept import wants_json
from quartapp.web.deliveries import progress_of
from quartapp.web.forms import NameForm
from quartapp.web.registrations import Registration

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail import Message
    from quartapp.web.registrations import Registrations

__all__ = ["main"]

logger = logging.getLogger(__name__)

main = Blueprint("main", __name__)


@main.route("/", methods=["GET", "POST"])
async def index() -> ResponseReturnValue:
    """Ask for a name, and greet."""
    form = await NameForm.from_request()
    if request.method != "POST":
        return await _page(form)
    if form.validate():
        return await _greet(form.name.data or "")
    if wants_json():
        abort(400, form.sentence)
    return await _page(form), 400


async def _page(form: NameForm) -> str:
    delivery_id = session.get("message")
    return await render_template(
        "index.html",
        form=form,
        name=session.get("name"),
        known=session.get("known", False),
        delivery_id=delivery_id,
        progress=await progress_of(delivery_id) if delivery_id else None,
        has_mailbox=_has_mailbox(),
    )


async def _greet(username: str) -> ResponseReturnValue:
    registrations: Registrations = current_app.extensions["registrations"]
    known = await registrations.knows(username)
    if not known:
        known = not await _join(User(username=username, created_at=datetime.now(UTC)))
    session["name"] = username
    session["known"] = known
    if known:
        session.pop("message", None)
    return redirect(url_for("main.index"))


async def _join(user: User) -> bool:
    """Add the user and the administrator's message, both or neither; false if another was faster.

    The message is written first, so that no template holds the database's write lock.
    """
    message = await _message_about(user)
    registrations: Registrations = current_app.extensions["registrations"]
    registered = await registrations.add(Registration(user, message, request.remote_addr or ""))
    if registered.is_new:
        session["message"] = registered.delivery.id if registered.delivery else None
    return registered.is_new


async def _message_about(user: User) -> Message | None:
    admin = current_app.config["FLASKY_ADMIN"]
    if not admin:
        return None
    try:
        return await mail.compose(admin, "New User", "mail/new_user", user=user, url=_address())
    except (MailError, TemplateError):
        logger.exception("The message about a new user cannot be written; nothing is kept")
        abort(500, "The message to the administrator could not be written, so nothing was kept.")


def _address() -> str | None:
    """The address that messages link to: in production never what a visitor called the host."""
    address: str | None = current_app.config["QUARTAPP_URL"]
    if address or current_app.config["QUARTAPP_ENV"] == "production":
        return address
    return request.url_root


def _has_mailbox() -> bool:
    is_open: bool = current_app.config["QUARTAPP_PAGES_OPEN"]
    return is_open and current_app.config["MAIL_BACKEND"] == "mailbox"
