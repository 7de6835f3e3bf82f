"""The development mailbox: the list of what the app has sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quart import redirect, request, url_for

from quartapp.mail.outbox.states import Status
from quartapp.mail.pages import chaos, mailbox_message, previews
from quartapp.mail.pages.answers import as_json, refusal
from quartapp.mail.pages.blueprint import Pages
from quartapp.mail.pages.chaos import shown
from quartapp.mail.pages.service import mail, store

if TYPE_CHECKING:
    from quart import Blueprint
    from quart.typing import ResponseReturnValue

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.pages.access import Allow

__all__ = ["blueprint"]

PAGE = 50
"""Messages on one page of the list."""

NAME = "mail_mailbox"


def blueprint(allow: Allow | None) -> Blueprint:
    """The pages, to be registered on an app. See `Pages`."""
    pages = Pages(NAME, "/dev/mail", allow)
    pages.add("/", index)
    pages.add("/", empty, methods=["POST"])
    pages.add("/messages.json", messages)
    pages.add("/of/<delivery_id>", of)
    chaos.add_to(pages)
    previews.add_to(pages)
    mailbox_message.add_to(pages)
    pages.add_the_rest()
    return pages


async def index() -> ResponseReturnValue:
    """The newest messages first, all or those with the words that are searched for."""
    words = request.args.get("q", "").strip()
    entries = await store().newest(PAGE + 1, request.args.get("before"), words)
    return await shown(
        "mailbox/index.html",
        entries=entries[:PAGE],
        unread=await store().unread(),
        total=await store().count(),
        words=words,
        has_older=len(entries) > PAGE,
    )


async def empty() -> ResponseReturnValue:
    """Delete every message."""
    await store().empty()
    return redirect(url_for(".index"))


async def messages() -> ResponseReturnValue:
    """The list for programs."""
    return as_json([entry.as_json() for entry in await store().newest()])


async def of(delivery_id: str) -> ResponseReturnValue:
    """The message that the outbox knows by this id, or where it is while it has not arrived."""
    delivery = await mail().get(delivery_id)
    if delivery is None:
        raise await refusal(404, "There is no such message.")
    entry = await store().find(delivery.message_id)
    if entry:
        return redirect(url_for(".message", message_id=entry.id))
    sentence = _whereabouts(delivery, datetime.now(UTC))
    return await shown("mailbox/awaited.html", delivery=delivery, sentence=sentence)


def _whereabouts(delivery: Delivery, now: datetime) -> str:
    """Why a message is not here, in a sentence."""
    match delivery.status:
        case Status.QUEUED if delivery.due_at and delivery.due_at > now:
            return f"The message is queued; next attempt {delivery.due_at:%d %b %Y, %H:%M:%S} UTC."
        case Status.QUEUED:
            return "The message is queued and will be sent shortly."
        case Status.SENDING:
            return "The message is being sent."
        case Status.SENT:
            return "The message was sent. It is no longer in this mailbox, or went elsewhere."
        case Status.FAILED:
            return f"The message failed: {delivery.detail or 'no reason is known.'}"
        case Status.CANCELLED:
            return "The message was cancelled."
        case Status.UNCERTAIN:
            return (
                "The connection dropped before the server confirmed the message; "
                "it may or may not arrive."
            )
