"""A file that came with a message: which parts are files, and what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import splitext
from typing import TYPE_CHECKING, Self

from quartapp.mail.mailbox.parameters import parameters
from quartapp.mail.mailbox.parts import first_headers
from quartapp.mail.mailbox.words import line

if TYPE_CHECKING:
    from quartapp.mail.mailbox.parts import ReceivedPart

__all__ = ["Attached", "is_file"]

LONGEST_NAME = 200
"""Characters of a file name that are shown."""

LONGEST_END = 20
"""Characters of what stands after the last dot of a longer one, and is kept."""

LONGEST_ID = 998

MESSAGES = ("message/rfc822", "message/global")

DATA = {"text/calendar", "text/directory", "text/rfc822-headers", "text/vcard", "text/x-vcard"}
"""Texts that are for programs."""

BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]++")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a message.

    content_id
        The name by which the HTML shows it, "" where it does not (RFC 2392).
    """

    name: str
    content_type: str
    content_id: str
    data: bytes

    @classmethod
    def of(cls, part: ReceivedPart) -> Self:
        """The file that a part is."""
        data = part.data
        return cls(
            name=_shown(_name(part) or _subject(part, data)) or "without a name",
            content_type=part.content_type,
            content_id=part.header("content-id").strip("<> ")[:LONGEST_ID],
            data=data,
        )


def is_file(part: ReceivedPart) -> bool:
    """Whether a part is a file, and not text or HTML to be read.

    One with a file name is, whatever its type and disposition; so is a message within a message.
    """
    disposition = part.header("content-disposition").partition(";")[0].strip().lower()
    # One that is not known means "attachment" (RFC 2183 section 2.8).
    if disposition not in ("", "inline") or _name(part):
        return True
    kind = part.content_type
    if kind in ("text/plain", "text/html"):
        return False
    # Among alternatives it says in another way what the others say.
    return not kind.startswith("text/") or kind in DATA or part.within == "multipart/alternative"


def _name(part: ReceivedPart) -> str:
    named = parameters(part.header("content-disposition")).get("filename", "").strip()
    return named or parameters(part.header("content-type")).get("name", "").strip()


def _subject(part: ReceivedPart, data: bytes) -> str:
    """A message's name among files: its subject."""
    if part.content_type not in MESSAGES:
        return ""
    subject = line(first_headers(data).header("subject"))[: LONGEST_NAME - len(".eml")]
    return f"{subject or 'message'}.eml"


def _shown(name: str) -> str:
    """A name on one line; its spaces are its own."""
    name = _shortened(BREAKS.sub(" ", name).strip())
    return "".join(
        each if each.isprintable() or each.isspace() else "\N{REPLACEMENT CHARACTER}"
        for each in name
    )


def _shortened(name: str) -> str:
    """The beginning of a long name, with the end that says what it is."""
    stem, end = splitext(name)
    if len(name) <= LONGEST_NAME or len(end) > LONGEST_END:
        return name[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(end)] + end
