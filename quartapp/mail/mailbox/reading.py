"""A message as its recipient reads it: its parts as text, and never an error."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

__all__ = ["Attached", "ReadMessage", "read", "subject_and_id"]

HEADERS = 256 * 1024
"""How many bytes of a message are searched for its headers, when only those are wanted."""

LINE = 998
"""The longest header shown in a list, in characters."""

PARSE_ERRORS = (AttributeError, LookupError, TypeError, ValueError)
"""What the standard library raises for parameters that contradict each other (RFC 2231)."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


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

    markup, html
        Its HTML as it is written, and with the pictures that came with it put in.
    """

    headers: tuple[tuple[str, str], ...]
    text: str | None
    markup: str | None
    html: str | None
    attached: tuple[Attached, ...]


def read(content: bytes) -> ReadMessage:
    """Take a message apart. What cannot be decoded is shown as well as it goes."""
    message, parts = _parsed(content)
    text = _first(parts, "text/plain")
    html = _first(parts, "text/html")
    attached = tuple(_attached(part) for part in parts if part is not text and part is not html)
    markup = _decoded(html) if html is not None else None
    return ReadMessage(
        headers=tuple((name, _text(value)) for name, value in message.raw_items()),
        text=_decoded(text) if text is not None else None,
        markup=markup,
        html=_with_pictures(markup, attached) if markup is not None else None,
        attached=attached,
    )


def subject_and_id(content: bytes) -> tuple[str, str]:
    """A message's subject and Message-ID, "" where it has none."""
    head = content[:HEADERS].partition(b"\r\n\r\n")[0]
    message = BytesHeaderParser(policy=compat32).parsebytes(head + b"\r\n\r\n")
    found = {name.lower(): value for name, value in reversed(list(message.raw_items()))}
    subject, message_id = found.get("subject", ""), found.get("message-id", "")
    return _text(subject)[:LINE], _text(message_id)[:LINE]


def _parsed(content: bytes) -> tuple[Message, list[Message]]:
    """The message and its parts; no parts where the parser gives up."""
    try:
        message = BytesParser(policy=compat32).parsebytes(content)
        return message, [part for part in message.walk() if not part.is_multipart()]
    except (RecursionError, *PARSE_ERRORS):
        # Hundreds of parts within parts, or nonsense about them: there are headers to show.
        return BytesHeaderParser(policy=compat32).parsebytes(content), []


def _first(parts: list[Message], content_type: str) -> Message | None:
    for part in parts:
        if part.get_content_type() == content_type and not _is_file(part):
            return part
    return None


def _is_file(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).lower().lstrip().startswith("attachment")


def _attached(part: Message) -> Attached:
    return Attached(
        name=_text(_answer(part.get_filename) or "without a name")[:LINE],
        content_type=part.get_content_type(),
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        data=_payload(part),
    )


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    payload = _payload(part)
    try:
        return payload.decode(_answer(part.get_content_charset) or "utf-8", "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")


def _answer(question: Callable[[], str | None]) -> str | None:
    """What the parser makes of a parameter; None where it fails."""
    try:
        return question()
    except PARSE_ERRORS:
        return None


def _text(value: object) -> str:
    """A header decoded (RFC 2047), on one line; raw where it is malformed."""
    raw = _without_surrogates(str(value))
    try:
        decoded = str(make_header(decode_header(raw)))
    except (MessageError, LookupError, ValueError):
        decoded = raw
    return " ".join(decoded.split())


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _with_pictures(html: str, attached: tuple[Attached, ...]) -> str:
    """The HTML with the pictures that came in the same message, in place of their names."""
    pictures = {
        file.content_id: f"data:{file.content_type};base64,{base64.b64encode(file.data).decode()}"
        for file in attached
        if file.content_id and file.content_type in PICTURES
    }
    return re.sub(r"""cid:([^"'\s)>]+)""", lambda found: pictures.get(found[1], found[0]), html)
