"""Text in the encodings of mail: transfer encodings, charsets, encoded words (RFC 2045, 2047)."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from typing import TYPE_CHECKING

from quartapp.mail.mailbox.labels import decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decoded", "line", "text", "words"]

# Possessive, and no part can go beyond the next question mark: a text is read once.
WORD = re.compile(r"=\?([^?\s]{1,80}+)\?([qQbB])\?([^?\r\n]*+)\?=")


def decoded(body: bytes, encoding: str) -> bytes:
    """A body without its transfer encoding; as it is where that is unknown or malformed."""
    # Some have a comment in parentheses, or a semicolon, behind it.
    match encoding.partition("(")[0].strip(" \t;").lower():
        case "base64":
            octets = _unbase64(body)
            return body if octets is None else octets
        case "quoted-printable":
            return a2b_qp(body)
        case _:
            return body


def text(octets: bytes, charset: str) -> str:
    """Text in a charset, with a mark for each byte that is none.

    One that is not named or not known is UTF-8 where the text may be, else windows-1252.
    """
    name = decoder(charset) or "ascii"
    if name == "ascii":
        # What is not is mislabelled, mostly UTF-8.
        name = "utf-8" if _is_utf8(octets) else "cp1252"
    try:
        return octets.decode(name, "replace")
    except ValueError:
        return octets.decode("utf-8", "replace")


def line(value: str) -> str:
    """A header decoded, on one line."""
    return " ".join(words(value).split())


def words(value: str) -> str:
    """Text with its encoded words decoded; those that are malformed stay."""
    return "".join(_pieces(value)) if "=?" in value else value


def _is_utf8(octets: bytes) -> bool:
    try:
        return bool(octets.decode()) or not octets
    except UnicodeDecodeError:
        return False


def _pieces(value: str) -> Iterator[str]:
    waiting: list[bytes] = []
    charset, at = "", 0
    for found in WORD.finditer(value):
        between, (name, encoding, encoded) = value[at : found.start()], found.groups()
        octets = _octets(name, encoding, encoded)
        # A character may be spread over words of one charset, and space between words is none.
        if waiting and (octets is None or name != charset or between.strip()):
            yield text(b"".join(waiting), charset.partition("*")[0])
            waiting = []
        if octets is None or not charset or between.strip():
            yield between
        if octets is None:
            yield found[0]
        else:
            waiting.append(octets)
        charset, at = name if octets is not None else "", found.end()
    yield text(b"".join(waiting), charset.partition("*")[0])
    yield value[at:]


def _octets(charset: str, encoding: str, encoded: str) -> bytes | None:
    """What an encoded word stands for; None where it is none."""
    if not decoder(charset.partition("*")[0]) or not encoded.isascii():
        return None
    if encoding in "qQ":
        return a2b_qp(encoded.encode(), header=True)
    return _unbase64(encoded.encode())


def _unbase64(encoded: bytes) -> bytes | None:
    try:
        # More padding than needed is ignored.
        return a2b_base64(encoded + b"===")
    except Error:
        return None
