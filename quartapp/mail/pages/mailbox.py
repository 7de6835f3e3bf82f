"""The development mailbox: the list of what the app has sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import (
    Blueprint,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from quartapp.mail.pages.chaos import in_force
from quartapp.mail.pages.guard import developers_only
from quartapp.web.deliveries import progress_of
from quartapp.web.forms import SafeForm

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail import Mail
    from quartapp.mail.mailbox import Store

__all__ = ["mailbox"]

PAGE = 50
"""Messages on one page of the list."""

mailbox = Blueprint("mailbox", __name__, url_prefix="/dev/mail")
mailbox.before_request(developers_only)
mailbox.context_processor(in_force)


@mailbox.get("/")
async def index() -> ResponseReturnValue:
    """The newest messages first, all or those with the words that are searched for."""
    store, words = _store(), request.args.get("q", "").strip()
    entries = await store.newest(PAGE + 1, request.args.get("before"), words)
    return await render_template(
        "mailbox/index.html",
        entries=entries[:PAGE],
        unread=await store.unread(),
        total=await store.count(),
        words=words,
        has_older=len(entries) > PAGE,
        has_admin=bool(current_app.config["FLASKY_ADMIN"]),
        form=await SafeForm.from_request(),
    )


@mailbox.post("/")
async def empty() -> ResponseReturnValue:
    """Throw every message away."""
    form = await SafeForm.from_request()
    if not form.validate():
        abort(400, form.refusal)
    await _store().empty()
    return redirect(url_for("mailbox.index"))


@mailbox.get("/messages.json")
async def messages() -> ResponseReturnValue:
    """The list for programs."""
    return jsonify([entry.as_json() for entry in await _store().newest()])


@mailbox.get("/of/<delivery_id>")
async def of(delivery_id: str) -> ResponseReturnValue:
    """The message that the outbox knows by this id, or where it is while it has not arrived."""
    service: Mail = current_app.extensions["mail"]
    delivery = await service.get(delivery_id) or abort(404)
    entry = await _store().find(delivery.message_id)
    if entry:
        return redirect(url_for("message.show", delivery_id=entry.id))
    return await render_template(
        "mailbox/awaited.html", delivery=delivery, progress=await progress_of(delivery_id)
    )


def _store() -> Store:
    store: Store = current_app.extensions["mailbox"]
    return store
