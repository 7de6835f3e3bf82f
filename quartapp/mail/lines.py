"""Text that must stay on one line: in a header, a log or a terminal."""

from __future__ import annotations

import re

from quartapp.mail.errors import BadHeaderError, MessageError

__all__ = ["checked_line", "escaped", "header_line", "plain", "shortened", "shown"]

BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

FOLD = re.compile(r"\r\n([ \t]++)(?=[^\r\n])")
"""Where a header goes on in its next line, which is not blank (RFC 5322 section 2.2.3)."""

# Line ends, terminal controls, marks that reverse the direction of text, and halves of
# surrogate pairs, which cannot be encoded.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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
    text = value if type(value) is str else _as_text(place, value)
    if found := BREAKS.search(text):
        raise BadHeaderError(
            f"{place} must not contain line breaks or control characters, and {shown(text)} has "
            f"U+{ord(found[0]):04X} at position {found.start()}: remove it."
        )
    return text


def header_line(place: str, value: object) -> str:
    """Text for one header; one that is folded as RFC 5322 has it is unfolded.

    Raises what `checked_line` raises, for any other line break too.
    """
    text = value if type(value) is str else _as_text(place, value)
    if "\r\n" in text and not text.lstrip(" \t").startswith("\r\n"):
        text = FOLD.sub(lambda fold: fold[1].replace("\t", " "), text)
    return checked_line(place, text)


def _as_text(place: str, value: object) -> str:
    if value is None or isinstance(value, bytes | bytearray):
        raise MessageError(f"{place} must be text, not {shown(value)}.")
    return str(value)


def plain(text: str) -> str:
    """Text on one line, with a replacement for each character that cannot be shown."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def escaped(text: str) -> str:
    """Text as it may be written to a terminal: what would move or colour it is spelled out."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def shortened(text: str, most: int) -> str:
    """At most so many characters of a text; an ellipsis stands for the rest."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
