"""Charsets that text may be written in: those of the standard library that are charsets of mail."""

from __future__ import annotations

import codecs
import re

__all__ = ["codec"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")

NO_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)
"""Codecs of Python for other purposes. Some take quadratic time, which nobody is to ask for."""


def codec(name: str) -> str | None:
    """Python's name of a charset, None where there is no such charset."""
    if not NAME.fullmatch(name):
        return None
    try:
        found = codecs.lookup(name)
        # It says whether the codec turns text into bytes: "hex" and "zlib" do not.
        "".encode(found.name)
    except (LookupError, ValueError):
        return None
    return None if found.name.replace("-", "_") in NO_CHARSETS else found.name
