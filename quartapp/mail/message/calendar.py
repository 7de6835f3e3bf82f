"""Invitations: what a calendar is for is said in its Content-Type too (RFC 5545 section 8.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.message.content_type import ContentType

__all__ = ["with_method"]

METHOD = re.compile(
    rb"^METHOD[ \t]*+(?:;[^:\r\n]*+)?:[ \t]*+([A-Za-z-]{1,40}+)[ \t]*+\r?$",
    re.IGNORECASE | re.MULTILINE,
)


def with_method(kind: ContentType, content: str | bytes) -> ContentType:
    """The type with `method=`, without which no program shows a calendar as an invitation.

    content
        The calendar. One without METHOD is none, and a type that has `method=` stays as it is.
    """
    if kind.kind.lower() != "text/calendar" or kind.has("method"):
        return kind
    octets = content.encode(errors="replace") if isinstance(content, str) else content
    found = METHOD.search(octets)
    return kind.having("method", found[1].decode().upper()) if found else kind
