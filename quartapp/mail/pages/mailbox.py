"""The development mailbox: the list of what the app has sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import redirect, request, url_for

from quartapp.mail.pages import awaited, chaos, mailbox_message, previews
from quartapp.mail.pages.answers import as_json
from quartapp.mail.pages.blueprint import Pages
from quartapp.mail.pages.chaos import shown
from quartapp.mail.pages.service import store

if TYPE_CHECKING:
    from quart import Blueprint
    from quart.typing import ResponseReturnValue

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
    awaited.add_to(pages)
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
