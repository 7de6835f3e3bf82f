"""What may stand in a header, and how it is written: RFC 5322 lines, RFC 2047 encoded words."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from quartapp.mail.errors import BadHeaderError, MessageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Headers = Mapping[str, object] | Iterable[tuple[str, object]]

__all__ = [
    "checked_headers",
    "checked_line",
    "encoded_words",
    "field",
    "parameter",
    "parametric",
    "shown",
    "text_field",
    "text_pieces",
]

LINE = 76
"""Columns of a line that holds an encoded word (RFC 2047 section 2); plain ones follow suit."""

LONGEST_PIECE = 900
"""Octets that may stay unbroken: well under the 998 of RFC 5322 section 2.1.1."""

WORD = 48
"""Columns of an encoded word without its frame, so that "Reply-To: " fits on its line too."""

SEGMENT = 50
"""Columns of one section of a long parameter (RFC 2231 section 3)."""

BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NAME = re.compile(r"[!-9;-~]{1,76}")
PIECE = re.compile(r" +[^ ]+")
PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]{1,60}")
UNENCODED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
ATTRIBUTE = UNENCODED - frozenset(b"*") | frozenset(b".^_`{|}~")


def shown(value: object) -> str:
    """A value as an error message quotes it: visible, in one line, and short."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:76]}..."


def checked_line(place: str, value: object) -> str:
    """Text for one header, as it was given.

    place
        The field that the error names.

    Raises `BadHeaderError` for line breaks, control characters and characters that UTF-8 cannot
    write, and `MessageError` for bytes and None.
    """
    if value is None or isinstance(value, bytes | bytearray):
        raise MessageError(f"{place} must be text, not {shown(value)}.")
    text = str(value)
    if found := BREAKS.search(text):
        raise BadHeaderError(
            f"{place} must not contain line breaks or control characters, and {shown(text)} has "
            f"U+{ord(found[0]):04X} at position {found.start()}: remove it."
        )
    return text


def checked_headers(place: str, headers: Headers, ours: Mapping[str, str]) -> dict[str, str]:
    """Headers that somebody brings along: names of printable ASCII, each one once, clean values.

    place
        The field that the error names.
    ours
        Lower-case names that we write ourselves, and what to use instead.

    Raises `BadHeaderError` for any that cannot be used.
    """
    clean: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in _pairs(headers):
        lower = _checked_name(place, name).lower()
        if lower in ours:
            raise BadHeaderError(f"{place} must not contain {name}: {ours[lower]}.")
        if lower in seen:
            raise BadHeaderError(f"{place} contains {name} twice: leave one.")
        seen.add(lower)
        clean[name] = checked_line(f"{place}[{name!r}]", value)
    return clean


def _pairs(headers: Headers) -> Iterable[tuple[str, object]]:
    return headers.items() if isinstance(headers, Mapping) else headers


def _checked_name(place: str, name: object) -> str:
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    raise BadHeaderError(
        f"{place} has a header name {shown(name)}: a name is up to 76 printable ASCII characters "
        "without space and colon."
    )


def text_field(name: str, value: str) -> str:
    """A header of free text as folded lines, each with its CRLF."""
    return field(name, text_pieces(value.strip(" ")))


def field(name: str, pieces: Iterable[str]) -> str:
    """A header as folded lines, each with its CRLF.

    pieces
        What must not be broken, each with the space before it.
    """
    lines = [f"{name}:"]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > LINE:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\r\n".join(lines) + "\r\n"


def text_pieces(value: str) -> list[str]:
    """Free text in pieces for `field`: its words, or encoded words where it needs them."""
    if value.isascii() and "=?" not in value:
        pieces = PIECE.findall(f" {value}")
        if all(len(piece) <= LONGEST_PIECE for piece in pieces):
            return pieces
    return [f" {word}" for word in encoded_words(value)]


def encoded_words(text: str) -> Iterator[str]:
    """Text as RFC 2047 encoded words; readers join them without a space."""
    quoted = [_quoted(character) for character in text]
    octets = len(text.encode())
    if sum(map(len, quoted)) <= octets * 4 // 3:
        for chunk in _chunks(quoted, WORD):
            yield f"=?utf-8?q?{chunk}?="
        return
    for chunk in _chunks(text, WORD // 4 * 3):
        yield f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?="


def _quoted(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(
        chr(octet) if octet in UNENCODED else f"={octet:02X}" for octet in character.encode()
    )


def _chunks(characters: Iterable[str], limit: int) -> Iterator[str]:
    chunk, size = "", 0
    for character in characters:
        width = len(character.encode())
        if size + width > limit:
            yield chunk
            chunk, size = "", 0
        chunk += character
        size += width
    yield chunk


def parametric(value: str, *parameters: Iterable[str]) -> list[str]:
    """A value and its parameters in pieces for `field`, with semicolons between them."""
    pieces = [value, *(piece for pieces in parameters for piece in pieces)]
    return [f" {piece};" for piece in pieces[:-1]] + [f" {pieces[-1]}"]


def parameter(name: str, value: str) -> list[str]:
    """A parameter of a MIME header, in sections where it is long (RFC 2231)."""
    if PLAIN_PARAMETER.fullmatch(value):
        return [f'{name}="{value}"']
    octets = [chr(octet) if octet in ATTRIBUTE else f"%{octet:02X}" for octet in value.encode()]
    first, *others = _chunks(octets, SEGMENT)
    if not others:
        return [f"{name}*=utf-8''{first}"]
    sections = [f"utf-8''{first}", *others]
    return [f"{name}*{index}*={section}" for index, section in enumerate(sections)]
