"""How a subject begins: what is kept beside it, so that a search needs no reading of them all."""

from __future__ import annotations

import unicodedata

__all__ = ["beginning", "span"]

LONGEST = 128
"""Bytes. PostgreSQL indexes no row of more than 2,700, and nobody types as much."""


def beginning(subject: str) -> bytes:
    """The first messages of a subject, in any script, whatever their case.

    As bytes, because every database orders those alike.
    """
    encoded = unicodedata.normalize("NFC", subject)
    return encoded.casefold().encode("utf-8", "replace")[:LONGEST]


def span(typed: str) -> tuple[bytes, bytes]:
    """From where, and up to where, subjects begin with what was typed.

    Raises `ValueError` when nothing was typed.
    """
    first = beginning(typed)
    if not first:
        raise ValueError("an empty text begins every subject: leave the condition out")
    # No byte of UTF-8 is the highest there is.
    return first, first[:-1] + bytes([first[-1] + 1])
