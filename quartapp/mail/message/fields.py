"""What the fields of a `Message` may hold: each check returns the value as it is stored."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from quartapp.mail.addresses import Address, envelope_sender
from quartapp.mail.errors import BadHeaderError, MessageError
from quartapp.mail.lines import checked_line, header_line, shown
from quartapp.mail.message.attachment import Attachment
from quartapp.mail.message.charsets import codec, label
from quartapp.mail.message.content_type import ContentType
from quartapp.mail.message.headers import checked_headers
from quartapp.mail.message.message_ids import message_id, message_ids
from quartapp.mail.message.named_headers import importance
from quartapp.mail.message.unsubscribing import unsubscribe_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quartapp.mail.addresses import Mailbox

__all__ = ["CHECKS", "UNSET", "has_bad_headers", "moment"]

DEFAULT_CHARSET = "utf-8"
OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}(?:=[!-<>-~]{1,400})?")

LONGEST_DATE = 100
"""Characters of a Date header that are looked at."""

OURS = {
    "from": "use sender",
    "to": "use recipients",
    "cc": "use cc",
    "bcc": "use bcc, which is never written",
    "resent-bcc": "use bcc, which is never written",
    "reply-to": "use reply_to",
    "subject": "use subject",
    "mime-version": "it is written for every message",
    "content-type": "it is chosen for body, html and attachments",
    "content-transfer-encoding": "it is chosen for body, html and attachments",
    "content-disposition": "use attach()",
    "received": "only mail servers write it",
    "return-path": "only mail servers write it, from envelope_from",
}


def moment(place: str, value: object) -> datetime:
    """A time with its zone, from a datetime, seconds since 1970 or the text of a Date header.

    Raises `MessageError` for anything else, and for a datetime that does not name its zone.
    """
    try:
        return _moment(value)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise MessageError(
            f"{place} {shown(value)} is not a time: give a datetime with its zone, or seconds."
        ) from error


def _moment(value: object) -> datetime:
    match value:
        case datetime():
            return _in_whole_minutes(value)
        case int() | float():
            return datetime.fromtimestamp(value, UTC)
        case str():
            if len(value) > LONGEST_DATE:
                raise ValueError("too long")
            told = parsedate_to_datetime(value)
            return _in_whole_minutes(told if told.tzinfo else told.replace(tzinfo=UTC))
        case _:
            raise TypeError("no time")


def _in_whole_minutes(told: datetime) -> datetime:
    """The time in a zone that a header can name: it has hours and minutes (RFC 5322)."""
    offset = told.utcoffset()
    if offset is None:
        raise ValueError("no time zone")
    return told.astimezone(UTC) if offset % timedelta(minutes=1) else told


def _subject(value: object) -> str:
    return header_line("subject", "" if value is None else value)


def _text(place: str) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        if isinstance(value, bytes | bytearray):
            raise MessageError(f"{place} must be text, not bytes: decode it first.")
        return None if value is None else str(value)

    return check


def _mailbox(place: str) -> Callable[[Mailbox | None], str | None]:
    def check(value: Mailbox | None) -> str | None:
        # Empty is not set, as in Flask-Mail: a form's field that nobody filled in.
        return None if value is None or value == "" else str(Address.read(place, value))

    return check


def _mailboxes(place: str) -> Callable[[Iterable[Mailbox] | None], list[Mailbox]]:
    def check(value: Iterable[Mailbox] | None) -> list[Mailbox]:
        if isinstance(value, str):
            raise MessageError(f"{place} must be a list of addresses: write [{shown(value)}].")
        mailboxes = list(value or ())
        for index, mailbox in enumerate(mailboxes):
            Address.read(f"{place}[{index}]", mailbox)
        return mailboxes

    return check


def _alts(value: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> dict[str, str]:
    alts = dict(value or {})
    for subtype, text in alts.items():
        _check_subtype(checked_line("alts", subtype))
        if type(text) is not str:
            alts[subtype] = _alternative(subtype, text)
    return alts


def _alternative(subtype: str, text: object) -> str:
    place = "html" if subtype == "html" else f"alts[{subtype!r}]"
    if text is None:
        raise MessageError(f"{place} must be text, not None: leave it out.")
    return str(_text(place)(text))


@lru_cache
def _check_subtype(subtype: str) -> None:
    try:
        ContentType.read("alts", f"text/{subtype}")
    except MessageError as error:
        words = f"alts has {shown(subtype)}, which is not a subtype of text"
        raise MessageError(f"{words}: {error}") from error


def _date(value: object) -> object:
    if value is not None:
        moment("date", value)
    return value


def _charset(value: object) -> str:
    name = checked_line("charset", DEFAULT_CHARSET if value is None else value)
    if name == DEFAULT_CHARSET:
        return name
    if codec(name) is None:
        raise MessageError(f'charset {shown(name)} is unknown: "utf-8" writes everything.')
    if (known := label(name)) is None:
        raise MessageError(
            f'charset {shown(name)} has no IANA name by which readers know it: use "utf-8".'
        )
    return known


def _extra_headers(value: Mapping[str, object] | None) -> dict[str, str]:
    headers = checked_headers("extra_headers", value or {}, OURS)
    for name, text in headers.items():
        place = f"extra_headers[{name!r}]"
        match name.lower():
            case "message-id":
                headers[name] = message_id(place, text)
            case "date":
                moment(place, text)
    return headers


def _attachments(value: Iterable[Attachment] | None) -> list[Attachment]:
    attachments = list(value or ())
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, Attachment):
            raise MessageError(f"attachments[{index}] must be an Attachment: use attach().")
        try:
            # Its headers may have changed since it was made.
            attachments[index] = attachment.checked()
        except MessageError as error:
            raise type(error)(f"attachments[{index}].{error}") from error
    return attachments


def _options(place: str) -> Callable[[Iterable[str] | None], list[str]]:
    def check(value: Iterable[str] | None) -> list[str]:
        if isinstance(value, str):
            raise MessageError(f"{place} must be a list of options: write [{shown(value)}].")
        options = list(value or ())
        for index, option in enumerate(options):
            text = checked_line(f"{place}[{index}]", option)
            if not OPTION.fullmatch(text):
                raise BadHeaderError(
                    f"{place}[{index}] {shown(text)} is not an option like NOTIFY=NEVER."
                )
        return options

    return check


CHECKS: dict[str, Callable[[Any], Any]] = {
    "subject": _subject,
    "recipients": _mailboxes("recipients"),
    "body": _text("body"),
    "alts": _alts,
    "sender": _mailbox("sender"),
    "cc": _mailboxes("cc"),
    "bcc": _mailboxes("bcc"),
    "attachments": _attachments,
    "reply_to": _mailbox("reply_to"),
    "date": _date,
    "charset": _charset,
    "extra_headers": _extra_headers,
    "mail_options": _options("mail_options"),
    "rcpt_options": _options("rcpt_options"),
    "envelope_from": partial(envelope_sender, "envelope_from"),
    "unsubscribe": unsubscribe_links,
    "importance": importance,
    "references": partial(message_ids, "references"),
    "in_reply_to": partial(message_ids, "in_reply_to"),
}
"""The check of each field, for setting it and again for composing."""

UNSET: dict[str, Callable[[], Any]] = {
    name: type(check(None)) if check(None) is not None else lambda: None
    for name, check in CHECKS.items()
} | {"charset": lambda: DEFAULT_CHARSET}
"""What each field holds where nothing is given: a new one of its kind."""


def has_bad_headers(message: object) -> bool:
    """Whether a field of a message holds what `BadHeaderError` is raised for."""
    for name, check in CHECKS.items():
        try:
            check(getattr(message, name))
        except BadHeaderError:
            return True
        except MessageError:
            continue
    return False
