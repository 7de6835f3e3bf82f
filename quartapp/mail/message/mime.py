"""The parts of a message as bytes: MIME, always 7-bit clean (RFC 2045, 2046)."""

from __future__ import annotations

import secrets
from binascii import b2a_base64, b2a_qp
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError
from quartapp.mail.message.ascii_names import ascii_name
from quartapp.mail.message.calendar import with_method
from quartapp.mail.message.charsets import written_in
from quartapp.mail.message.content_type import ContentType
from quartapp.mail.message.folding import field, parameter, parametric
from quartapp.mail.message.structured import header_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quartapp.mail.message.attachment import Attachment

__all__ = ["Part", "attached", "multipart", "text_part"]

LINE = 76
"""Columns of an encoded line (RFC 2045 section 6.7)."""

BLOCK = LINE // 4 * 3 * 1024
"""Octets that are encoded at once: whole lines, and few, since no thread can run meanwhile."""

WRAPPED = 78
"""Columns that a line of plain text may have before it is encoded (RFC 5322 section 2.1.1)."""

LONGEST = 998
"""Octets that a line may ever have (RFC 5322 section 2.1.1)."""

CONTROL = bytes({*range(32), 127} - {9, 10})


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its own headers as folded lines, and its encoded body."""

    headers: str
    body: bytes

    def to_bytes(self) -> bytes:
        """The part with the empty line between its headers and its body."""
        return b"%s\r\n%s" % (self.headers.encode(), self.body)


def multipart(subtype: str, parts: Sequence[Part], root: str | None = None) -> Part:
    """Several parts as one; a single one as it is.

    root
        The type of the first part, where the others belong to it (RFC 2387 section 3.1).
    """
    if len(parts) == 1:
        return parts[0]
    # "=_" never occurs in quoted-printable or base64 (RFC 2045 section 6.7, note 5).
    boundary = f"=_{secrets.token_hex(12)}"
    opening, closing = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    body = b"".join(opening + part.to_bytes() + b"\r\n" for part in parts) + closing
    named = [parameter("type", root)] if root else []
    kind = parametric(f"multipart/{subtype}", *named, parameter("boundary", boundary))
    return Part(field("Content-Type", kind), body)


def text_part(subtype: str, text: str, charset: str, place: str) -> Part:
    """Text in whatever encoding is shortest to write.

    place
        The field that the error names.

    Raises `MessageError` where the charset cannot write the text, or `subtype` names another.
    """
    lines = "\n".join(text.replace("\r\n", "\n").split("\r")) if "\r" in text else text
    try:
        encoding, body = _encoded_text(lines, charset)
    except (UnicodeError, MessageError) as error:
        raise MessageError(f"{place} cannot be written in {charset}: {error}.") from error
    kind = with_method(ContentType.read("alts", f"text/{subtype}"), lines)
    return Part(_text_headers(kind, charset, encoding, place), body)


@lru_cache
def _text_headers(kind: ContentType, charset: str, encoding: str, place: str) -> str:
    if kind.charset not in (None, charset):
        raise MessageError(f"{place} names another charset than the message's {charset}.")
    header = kind.without("charset").header(parameter("charset", charset))
    return header + field("Content-Transfer-Encoding", [f" {encoding}"])


def _encoded_text(text: str, charset: str) -> tuple[str, bytes]:
    """Text with LF line ends, in the encoding that it needs and that is shortest."""
    lines = written_in(charset, text)
    if written_in(charset, "\n") != b"\n":
        return "base64", _base64(written_in(charset, text.replace("\n", "\r\n")))
    if _is_plain(lines, WRAPPED):
        return "7bit", lines.replace(b"\n", b"\r\n")
    quoted = _quoted_printable(lines)
    if len(quoted) * 3 > len(lines) * 4:
        packed = _base64(lines.replace(b"\n", b"\r\n"))
        if len(packed) < len(quoted):
            return "base64", packed
    return "quoted-printable", quoted


def _is_plain(lines: bytes, columns: int) -> bool:
    return (
        lines.isascii()
        and len(lines.translate(None, CONTROL)) == len(lines)
        and max(map(len, lines.split(b"\n"))) <= columns
    )


def _quoted_printable(lines: bytes) -> bytes:
    # Its soft line breaks follow the first line break of the text, which has LF or none.
    return b2a_qp(lines).replace(b"\n", b"\r\n")


def _base64(octets: bytes) -> bytes:
    blocks = (octets[at : at + BLOCK] for at in range(0, len(octets), BLOCK))
    return b"\r\n".join([_base64_lines(block) for block in blocks])


def _base64_lines(octets: bytes) -> bytes:
    encoded = b2a_base64(octets, newline=False)
    return b"\r\n".join([encoded[at : at + LINE] for at in range(0, len(encoded), LINE)])


def attached(attachment: Attachment, *, ascii_names: bool) -> Part:
    """A file as a part.

    ascii_names
        Whether its name is reduced to ASCII for readers that know no RFC 2231.
    """
    encoding, body = _encoded_file(attachment)
    kind = with_method(ContentType.read("content_type", attachment.content_type), attachment.data)
    if encoding == "base64" and kind.kind.lower().startswith("message/"):
        # A message inside a message must not be encoded (RFC 2046 section 5.2.1).
        kind = ContentType("application/octet-stream", ())
    name = attachment.filename or ""
    shown = parameter("filename", name)
    if name and ascii_names:
        # On one line, however long: readers without RFC 2231 know no sections either.
        shown = [f'filename="{ascii_name(name)}"']
    named = [each.replace("filename", "name", 1) for each in shown]
    headers = kind.header(*([named] if name and not kind.has("name") else []))
    headers += field("Content-Transfer-Encoding", [f" {encoding}"])
    headers += field(
        "Content-Disposition", parametric(attachment.disposition, *([shown] if name else []))
    )
    headers += "".join(header_field(name, value) for name, value in attachment.headers.items())
    return Part(headers, body)


def _encoded_file(attachment: Attachment) -> tuple[str, bytes]:
    data = attachment.octets
    if attachment.content_type.lower().startswith("message/"):
        lines = data.replace(b"\r\n", b"\n")
        if _is_plain(lines, LONGEST):
            return "7bit", lines.replace(b"\n", b"\r\n")
    return "base64", _base64(data)
