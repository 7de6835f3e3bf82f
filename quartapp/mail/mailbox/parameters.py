"""Parameters of a MIME header as anyone may have written them (RFC 2045, 2231)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from quartapp.mail.mailbox.words import text, words

__all__ = ["parameters"]

LONGEST = 8 * 1024
"""Characters of a header that are looked at."""

# Possessive: what was matched once is never matched again.
PARAMETER = re.compile(
    r';\s*+([^\s;="]*+)\s*+(?:=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+))?+[^;]*+', re.DOTALL
)
SECTION = re.compile(r"([^*]++)(?:\*([0-9]{1,4}))?(\*)?")


def parameters(header: str) -> dict[str, str]:
    """The parameters by name in lower case; of two the first counts.

    Of one that is written both ways the form of RFC 2231 counts: the other is for old readers.
    """
    whole: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _written(header[:LONGEST]):
        found = SECTION.fullmatch(name)
        if found and (found[2] or found[3]):
            mine = sections.setdefault(found[1], {})
            mine.setdefault(int(found[2] or 0), (value, found[3] is not None))
        else:
            whole.setdefault(name, words(value))
    # Sections without the first are a remnant.
    told = {name: mine for name, mine in sections.items() if 0 in mine or name not in whole}
    return whole | {name: _joined(mine) for name, mine in told.items()}


def _written(header: str) -> list[tuple[str, str]]:
    start = header.find(";")
    found = PARAMETER.finditer(header, start) if start >= 0 else ()
    return [(each[1].lower(), _unquoted((each[2] or "").strip())) for each in found if each[1]]


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'))


def _joined(sections: dict[int, tuple[str, bool]]) -> str:
    """The sections in their order, the first of which may name the charset."""
    (first, is_encoded), *_ = [sections[number] for number in sorted(sections)]
    charset, quote, rest = first.partition("'") if is_encoded else ("", "", first)
    if quote:
        sections[min(sections)] = (rest.partition("'")[2], True)
    else:
        charset = ""
    octets = b"".join(
        unquote_to_bytes(value) if is_encoded else value.encode("utf-8", "replace")
        for _, (value, is_encoded) in sorted(sections.items())
    )
    return text(octets, charset)
