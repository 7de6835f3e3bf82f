"""A message as its recipient reads it: its parts as text, and never an error.

Linear in the size of the message, by construction: everything is read once from its beginning to
its end, and what could be multiplied is bounded.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from quartapp.mail.lines import plain
from quartapp.mail.mailbox.parameters import parameters
from quartapp.mail.mailbox.parts import ReceivedPart, head, parts
from quartapp.mail.mailbox.words import line, text

__all__ = ["Attached", "ReadMessage", "read", "subject_and_id"]

HEADERS = 256 * 1024
"""How many bytes of a message are searched for its headers, when only those are wanted."""

LINE = 998
"""The longest header shown in a list, in characters."""

LONGEST_NAME = 200
"""Characters of a file name that are shown."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")

AGAIN = 1024 * 1024
"""Characters that pictures may take which the HTML shows more than once."""


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


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a message says. A part that it lacks is None.

    markup
        Its HTML as it is written.
    """

    headers: tuple[tuple[str, str], ...]
    text: str | None
    markup: str | None
    attached: tuple[Attached, ...]

    def html(self) -> str:
        """Its HTML with the pictures that came with it in place of their names.

        Each is put in once; a second time only while there is room, since a message of 150 KB may
        show one picture a thousand times.
        """
        pictures = {file.content_id: file for file in self.attached if _is_picture(file)}
        shown: set[str] = set()
        room = AGAIN

        def picture(found: re.Match[str]) -> str:
            nonlocal room
            file = pictures.get(found[1])
            if file is None:
                return found[0]
            if found[1] in shown:
                size = len(file.data) * 4 // 3 + 100
                if size > room:
                    return found[0]
                room -= size
            shown.add(found[1])
            return f"data:{file.content_type};base64,{base64.b64encode(file.data).decode()}"

        return re.sub(r"""cid:([^"'\s)>]++)""", picture, self.markup or "")


def read(content: bytes) -> ReadMessage:
    """Take a message apart. What cannot be decoded is shown as well as it goes."""
    message, found = parts(content)
    plain_text, html = _first(found, "text/plain"), _first(found, "text/html")
    return ReadMessage(
        headers=tuple((name, line(value)) for name, value in message.headers),
        text=_text(plain_text) if plain_text is not None else None,
        markup=_text(html) if html is not None else None,
        attached=tuple(_attached(p) for p in found if p is not plain_text and p is not html),
    )


def subject_and_id(content: bytes) -> tuple[str, str]:
    """A message's subject and Message-ID, "" where it has none."""
    message, _ = head(content[:HEADERS])
    return line(message.header("subject"))[:LINE], line(message.header("message-id"))[:LINE]


def _first(found: list[ReceivedPart], content_type: str) -> ReceivedPart | None:
    for part in found:
        if part.content_type == content_type and not _is_file(part):
            return part
    return None


def _is_file(part: ReceivedPart) -> bool:
    return part.header("content-disposition").lower().startswith("attachment")


def _is_picture(file: Attached) -> bool:
    return bool(file.content_id) and file.content_type in PICTURES


def _attached(part: ReceivedPart) -> Attached:
    named = parameters(part.header("content-disposition")).get("filename")
    name = named or parameters(part.header("content-type")).get("name") or ""
    return Attached(
        name=plain(name)[:LONGEST_NAME] or "without a name",
        content_type=part.content_type,
        content_id=part.header("content-id").strip("<> ")[:LINE],
        data=part.data,
    )


def _text(part: ReceivedPart) -> str:
    return text(part.data, parameters(part.header("content-type")).get("charset", ""))
