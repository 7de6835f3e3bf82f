"""How a subject begins: stored beside it, so that a search need not read all subjects."""

from __future__ import annotations

import unicodedata

__all__ = ["beginning", "span"]

LONGEST = 128
"""Bytes. PostgreSQL indexes no row of more than 2,700, and no search is as long."""


def beginning(subject: str) -> bytes:
    """The first characters of a subject, in any script, case folded.

    As bytes, because every database orders those in the same way.
    """
    encoded = unicodedata.normalize("NFC", subject)
    return encoded.casefold().encode("utf-8", "replace")[:LONGEST]


def span(typed: str) -> tuple[bytes, bytes]:
    """The range of beginnings of the subjects that begin with what was typed, its end excluded.

    Raises `ValueError` when nothing was typed.
    """
    first = beginning(typed)
    if not first:
        raise ValueError("an empty text begins every subject: leave the condition out")
    # No byte of UTF-8 is the highest there is.
    return first, first[:-1] + bytes([first[-1] + 1])
