"""One message in words: what it is, who gets it, and what happened to it so far."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from quartapp.mail.choices import Priority
from quartapp.mail.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from quartapp.mail.outbox.delivery import Recipient
    from quartapp.mail.outbox.query.views import History, RecipientPage

__all__ = ["description", "facts"]


def facts(history: History) -> dict[str, Any]:
    """All that is known, for a program: the fields of `Delivery`, and what only a history has."""
    known = asdict(history)
    message: dict[str, Any] = known.pop("delivery")
    recipients = known.pop("recipients")["recipients"]
    return message | {"recipients": recipients, "history": known.pop("attempts")} | known


def description(history: History) -> Iterator[str]:
    """All that is known, for a person, line by line."""
    yield from table(row for row in _about(history) if row[1])
    yield ""
    page = history.recipients
    if page.recipients:
        yield from table([("RECIPIENT", "STATUS", "SERVER REPLY"), *_recipients(page)])
    if page.earlier is not None or page.later is not None or page.status:
        yield from _extent(page)
    if history.attempts:
        yield ""
        attempts = [
            (str(each.number), _time(each.ended_at), str(each.status), each.detail)
            for each in history.attempts
        ]
        yield from table([("ATTEMPT", "ENDED", "STATUS", "DETAIL"), *attempts])


def _about(history: History) -> Iterator[tuple[str, str]]:
    message = history.delivery
    yield "message", message.id
    yield "status", message.status + (" (to be cancelled)" if history.wants_cancel else "")
    yield "detail", message.detail
    yield "subject", message.subject
    yield "envelope sender", history.sender or "<>"
    yield "template", history.template or ""
    yield "queued", _time(message.created_at)
    yield "sent", _time(message.sent_at)
    yield "next attempt", _time(message.due_at)
    yield "priority", "" if message.priority is Priority.NORMAL else message.priority
    yield "expires", _time(history.expires_at)
    yield "attempts", str(message.attempts)
    yield "message id", message.message_id
    yield "size", f"{history.size:,} bytes"
    yield "backend", history.backend
    yield "key", history.key or ""


def _extent(page: RecipientPage) -> Iterator[str]:
    """Which recipients these are, and how to see others."""
    which = f"recipients that are {page.status}" if page.status else "recipients"
    if page.recipients:
        yield f"These are {page.first + 1:,} to {page.end:,} of {page.total:,} {which}."
    else:
        yield f"There are {page.total:,} {which}."
    if page.later is not None:
        yield f"--skip {page.later} shows the next."


def _recipients(page: RecipientPage) -> Iterator[tuple[str, str, str]]:
    for recipient in page.recipients:
        yield recipient.address, recipient.status, _reply(recipient)


def _reply(recipient: Recipient) -> str:
    return f"{recipient.code or ''} {recipient.reply}".strip()


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
