"""Headers that fields of a message write, and the fields that a message's headers come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FIELDS", "fields_of", "importance", "named_headers"]

FIELDS = {
    "in-reply-to": "in_reply_to",
    "references": "references",
    "list-unsubscribe": "unsubscribe",
    "list-unsubscribe-post": "unsubscribe",
    "importance": "importance",
    "x-priority": "importance",
}
"""The field that writes a header, by the header's name in lower case."""

# X-MSMail-Priority is left out: SpamAssassin counts it against whoever is not Outlook.
PRIORITIES = {"high": "1", "normal": "3", "low": "5"}
LINK = re.compile("<([^<>]*)>")


def importance(value: object) -> str | None:
    """How a reader is to take the message. Raises `MessageError` for another word."""
    if value is None:
        return None
    text = str(value).strip().lower()
    if text not in PRIORITIES:
        raise MessageError(f'importance {shown(value)} must be "high", "normal" or "low".')
    return text


def named_headers(
    extra_headers: Iterable[str],
    *,
    unsubscribe: tuple[str, ...],
    importance: str | None,
    in_reply_to: tuple[str, ...],
    references: tuple[str, ...],
) -> dict[str, str]:
    """The headers of these fields, by name.

    extra_headers
        The names of the message's other headers.

    Raises `MessageError` for one that is given both ways.
    """
    headers = {}
    if in_reply_to:
        headers["In-Reply-To"] = " ".join(in_reply_to)
    if references:
        headers["References"] = " ".join(references)
    if unsubscribe:
        headers["List-Unsubscribe"] = ", ".join(f"<{link}>" for link in unsubscribe)
        if any(link.startswith("https:") for link in unsubscribe):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if importance:
        headers["Importance"] = importance
        headers["X-Priority"] = PRIORITIES[importance]
    if headers:
        _refuse_twice(headers, extra_headers)
    return headers


def _refuse_twice(headers: Iterable[str], extra_headers: Iterable[str]) -> None:
    ours = {FIELDS[name.lower()] for name in headers}
    for name in extra_headers:
        field = FIELDS.get(name.lower())
        # A parent is a reference too.
        if field == "references" and "in_reply_to" in ours:
            field = "in_reply_to"
        if field in ours:
            raise MessageError(
                f"{field} is given, and extra_headers has {name} too: leave one of them."
            )


def fields_of(headers: Mapping[str, str]) -> dict[str, Any]:
    """The fields that wrote these headers, whose names are in lower case."""
    fields: dict[str, Any] = {
        name: headers[header]
        for header, name in FIELDS.items()
        if header in headers and header != "x-priority"
    }
    if "unsubscribe" in fields:
        fields["unsubscribe"] = LINK.findall(headers["list-unsubscribe"])
    return fields
