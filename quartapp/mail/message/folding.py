"""How a header is written: folded lines, encoded words, MIME parameters (RFC 5322, 2047, 2231)."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from quartapp.mail.addresses import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quartapp.mail.addresses import Address

__all__ = ["address_pieces", "encoded_words", "field", "parameter", "parametric", "text_field"]

LINE = 76
"""Columns of a line that holds an encoded word (RFC 2047 section 2); plain ones follow suit."""

LONGEST_PIECE = 900
"""Octets that may stay unbroken: well under the 998 of RFC 5322 section 2.1.1."""

LONGEST_NAME = 60
"""Characters of a name that is written in one line; a longer one is encoded."""

WORD = 48
"""Columns of an encoded word without its frame, so that "Reply-To: " fits on its line too."""

SEGMENT = 50
"""Columns of one section of a long parameter (RFC 2231 section 3)."""

PIECE = re.compile(r" +[^ ]+")
PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]{1,60}")
UNENCODED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
ONE_COLUMN = bytes(UNENCODED) + b" "
ATTRIBUTE = UNENCODED - frozenset(b"*/") | frozenset(b"#$&.^_`{|}~")


def text_field(name: str, value: str) -> str:
    """A header of free text as folded lines, each with its CRLF."""
    return field(name, _text_pieces(value.strip(" ")))


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


def _text_pieces(value: str) -> list[str]:
    """Free text in pieces for `field`: its words, or encoded words where it needs them."""
    if value.isascii() and "=?" not in value:
        pieces = PIECE.findall(f" {value}")
        if all(len(piece) <= LONGEST_PIECE for piece in pieces):
            return pieces
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
    if PLAIN_PARAMETER.fullmatch(value):
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
    name = address.name
    if not name:
        return [f" {address.spec}"]
    if not name.isascii() or "=?" in name or len(name) > LONGEST_NAME:
        return [*(f" {word}" for word in encoded_words(name)), f" <{address.spec}>"]
    return [f" {phrase(name)}", f" <{address.spec}>"]
