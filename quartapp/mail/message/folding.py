"""How a header is written: folded lines, encoded words, MIME parameters (RFC 5322, 2047, 2231)."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from quartapp.mail.addresses import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quartapp.mail.addresses import Address

__all__ = [
    "LONGEST_LINE",
    "address_pieces",
    "encoded_words",
    "field",
    "named",
    "parameter",
    "parametric",
    "partly_encoded",
    "phrase_pieces",
    "text_field",
    "text_pieces",
]

LINE = 76
"""Columns of a line that holds an encoded word (RFC 2047 section 2); plain ones follow suit."""

LONGEST_LINE = 998
"""Octets that a line may ever have (RFC 5322 section 2.1.1)."""

LONGEST_NAME = 60
"""Characters of a name that is written in one line; a longer one is encoded."""

WORD = 48
"""Columns of an encoded word without its frame, so that "Reply-To: " fits on its line too."""

SEGMENT = 50
"""Columns of one section of a long parameter (RFC 2231 section 3)."""

ENCODED = (" =?utf-8?", " (=?utf-8?")
"""How a piece begins that is an encoded word."""

PIECE = re.compile(r" +[^ ]+")
PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]{0,60}")
UNENCODED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
ONE_COLUMN = bytes(UNENCODED) + b" "
ATTRIBUTE = UNENCODED - frozenset(b"*/") | frozenset(b"#$&.^_`{|}~")


def text_field(name: str, value: str) -> str:
    """A header of free text as folded lines, each with its CRLF."""
    return field(name, text_pieces(value.strip(" ")))


def field(name: str, pieces: Iterable[str]) -> str:
    """A header as folded lines, each with its CRLF.

    pieces
        What must not be broken, each with the space before it.
    """
    lines = [f"{name}:"]
    room = LINE
    for number, piece in enumerate(pieces):
        if number == 0 and not piece.startswith(ENCODED):
            # Many readers of ids and addresses know no header whose first line is empty.
            room = LONGEST_LINE
        if len(lines[-1]) + len(piece) > room:
            lines.append(piece)
        else:
            lines[-1] += piece
        room = LINE
    return "\r\n".join(lines) + "\r\n"


def text_pieces(value: str) -> list[str]:
    """Free text in pieces for `field`: its words, or encoded words where it needs them."""
    plain = _plain_words(value)
    return _in_encoded_words(value) if plain is None else plain


def partly_encoded(value: str) -> list[str]:
    """Text that programs may look into: no word is encoded before or after those that need it."""
    if (plain := _plain_words(value)) is not None:
        return plain
    words = value.split(" ")
    needy = [n for n, word in enumerate(words) if "=?" in word or not _is_plain(word)]
    first, last = needy[0], needy[-1] + 1
    # Readers keep one space beside an encoded word for certain, and more of them inside it.
    while first and not words[first - 1]:
        first -= 1
    while last < len(words) and not words[last]:
        last += 1
    before, encoded, after = words[:first], words[first:last], words[last:]
    return [
        *PIECE.findall(f" {' '.join(before)}"),
        *_in_encoded_words(" ".join(encoded)),
        *PIECE.findall(f" {' '.join(after)}"),
    ]


def _plain_words(value: str) -> list[str] | None:
    """The words of a text, each with the space before it; None where it has to be encoded."""
    _, opening, rest = value.partition("=?")
    if not value.isascii() or (opening and "?=" in rest):
        return None
    words = PIECE.findall(f" {value}")
    return words if max(map(len, words), default=0) <= LONGEST_LINE else None


def _is_plain(word: str) -> bool:
    return word.isascii() and len(word) < LONGEST_LINE


def _in_encoded_words(value: str) -> list[str]:
    return [f" {word}" for word in encoded_words(value)]


def encoded_words(text: str) -> Iterator[str]:
    """Text as RFC 2047 encoded words; readers join them without a space."""
    octets = text.encode()
    tripled = len(octets.translate(None, ONE_COLUMN))
    if len(octets) + 2 * tripled <= len(octets) * 4 // 3:
        for chunk in _chunks(map(_quoted, text), WORD):
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
    # Readers take what looks like an encoded word for one, in quotes too.
    if PLAIN_PARAMETER.fullmatch(value) and "=?" not in value:
        return [f'{name}="{value}"']
    octets = [chr(octet) if octet in ATTRIBUTE else f"%{octet:02X}" for octet in value.encode()]
    first, *others = _chunks(octets, SEGMENT)
    if not others:
        return [f"{name}*=utf-8''{first}"]
    sections = [f"utf-8''{first}", *others]
    return [f"{name}*{index}*={section}" for index, section in enumerate(sections)]


def address_pieces(addresses: Iterable[Address]) -> list[str]:
    """Addresses in pieces for `headers.field`, with commas between them."""
    pieces: list[str] = []
    for address in addresses:
        if pieces:
            pieces[-1] += ","
        pieces += _pieces(address)
    return pieces


def _pieces(address: Address) -> list[str]:
    if not address.name:
        return [f" {address.spec}"]
    return named(address.name, f"<{address.spec}>")


def named(name: str, bracketed: str) -> list[str]:
    """What stands in angle brackets, after its name, in pieces for `field`."""
    if not name:
        return [f" {bracketed}"]
    return [*phrase_pieces(name), f" {bracketed}"]


def phrase_pieces(name: str) -> list[str]:
    """A name as a header holds it, in pieces for `field`."""
    if not name.isascii() or "=?" in name or len(name) > LONGEST_NAME:
        return _in_encoded_words(name)
    return [f" {phrase(name)}"]
