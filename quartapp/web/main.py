"""The page that asks for a name, greets, and lets the administrator know of new users."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

from quartapp.mail import send_email
from quartapp.models import User, db
from quartapp.web.accept import wants_json
from quartapp.web.deliveries import progress_of
from quartapp.web.forms import NameForm

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail import Delivery
    from quartapp.web.limits import NewUsers

__all__ = ["main"]

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
    delivery_id = session.get("delivery")
    return await render_template(
        "index.html",
        form=form,
        name=session.get("name"),
        known=session.get("known", False),
        delivery_id=delivery_id,
        progress=await progress_of(delivery_id) if delivery_id else None,
        has_mailbox=_has_mailbox(),
    )


async def _greet(name: str) -> ResponseReturnValue:
    is_new, delivery = await _find_or_add(name)
    session["name"] = name
    session["known"] = not is_new
    session.pop("delivery", None)
    if delivery:
        session["delivery"] = delivery.id
    return redirect(url_for("main.index"))


async def _find_or_add(name: str) -> tuple[bool, Delivery | None]:
    """Whether the user is new, and then the message that tells the administrator.

    The user and the message are stored together or not at all. Raises `TooManyRequests` for a
    client that adds too many users.
    """
    admin = current_app.config["FLASKY_ADMIN"]
    is_new, delivery = False, None
    user = await User.named(name)
    if user is None:
        async with db.transaction() as session:
            user, is_new = await User.get_or_create(session, name)
            if is_new:
                await _new_users().charge(request.remote_addr or "")
            if is_new and admin:
                delivery = await send_email(
                    admin, "New User", "mail/new_user", user=user, url=_address(), session=session
                )
    return is_new, delivery


def _new_users() -> NewUsers:
    limit: NewUsers = current_app.extensions["new_users"]
    return limit


def _address() -> str | None:
    """The address that messages link to: what a visitor called the host only in development."""
    address: str | None = current_app.config["QUARTAPP_URL"]
    if address or not current_app.config["QUARTAPP_HOST_BELIEVED"]:
        return address
    return request.url_root


def _has_mailbox() -> bool:
    is_open: bool = current_app.config["QUARTAPP_PAGES_OPEN"]
    return is_open and current_app.config["MAIL_BACKEND"] == "mailbox"
