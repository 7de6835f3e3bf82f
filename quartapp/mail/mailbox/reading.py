"""A message as its recipient reads it: its parts as text, and never an error.

Linear in the size of the message, by construction: everything is read once from its beginning to
its end, and what could be multiplied is bounded.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from quartapp.mail.mailbox.attached import Attached, is_file
from quartapp.mail.mailbox.parameters import parameters
from quartapp.mail.mailbox.parts import ReceivedPart, first_headers, parts
from quartapp.mail.mailbox.words import line, text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ReadMessage", "read", "subject_and_id"]

LINE = 998
"""The longest header shown in a list, in characters."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")

AGAIN = 1024 * 1024
"""Characters that pictures may take which the HTML shows more than once."""

# In quotation marks the name ends with them; possessive, so that a text is read once.
CID = re.compile(
    r"""(?<=")cid:([^"<>\r\n]{1,998}+)(?=")|(?<=')cid:([^'<>\r\n]{1,998}+)(?=')"""
    r"""|cid:((?:(?!&(?:quot|apos|\#0{0,5}3[49]|\#x0{0,5}2[27]);)[^"'\s<>)])++)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a message says. A part that it lacks is None.

    text
        Its texts, one after the other.
    markup
        Its HTML as it is written.
    """

    headers: tuple[tuple[str, str], ...]
    text: str | None
    markup: str | None
    attached: tuple[Attached, ...]

    @property
    def pictures(self) -> dict[str, Attached]:
        """What came with it by the names that its HTML may use."""
        named = [file for file in self.attached if file.content_id]
        # Not everybody escapes a name in an address (RFC 2392).
        sloppy = {unquote(file.content_id): file for file in named}
        return sloppy | {file.content_id: file for file in named}

    def html(self) -> str:
        """Its HTML with the pictures that came with it in place of their names.

        Each is put in once; a second time only while there is room, since a message of 150 KB may
        show one picture a thousand times.
        """
        pictures = self.pictures
        shown: set[str] = set()
        room = AGAIN

        def picture(found: re.Match[str]) -> str:
            nonlocal room
            written = found[1] or found[2] or found[3]
            file = pictures.get(unquote(unescape(written)).strip(" <>"))
            if file is None or file.content_type not in PICTURES:
                return found[0]
            if file.content_id in shown:
                size = len(file.data) * 4 // 3 + 100
                if size > room:
                    return found[0]
                room -= size
            shown.add(file.content_id)
            return f"data:{file.content_type};base64,{base64.b64encode(file.data).decode()}"

        return CID.sub(picture, self.markup or "")


def read(content: bytes) -> ReadMessage:
    """Take a message apart. What cannot be decoded is shown as well as it goes."""
    message, found = parts(content)
    files = {id(part): Attached.of(part) for part in found if is_file(part)}
    said = [part for part in found if id(part) not in files]
    return ReadMessage(
        headers=tuple((name, line(value)) for name, value in message.headers),
        text=_joined(part for part in said if part.content_type != "text/html"),
        markup=_joined(part for part in said if part.content_type == "text/html"),
        attached=tuple(files.values()),
    )


def subject_and_id(content: bytes) -> tuple[str, str]:
    """A message's subject and Message-ID, "" where it has none."""
    message = first_headers(content)
    return line(message.header("subject"))[:LINE], line(message.header("message-id"))[:LINE]


def _joined(said: Iterable[ReceivedPart]) -> str | None:
    """The texts of these parts, each beginning on a line of its own; None for none."""
    texts = [_text(part) for part in said]
    if not texts:
        return None
    *before, last = texts
    return (
        "".join(each if each.endswith("\n") or not each else f"{each}\n" for each in before) + last
    )


def _text(part: ReceivedPart) -> str:
    charset = parameters(part.header("content-type")).get("charset", "")
    return text(part.data, charset).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
