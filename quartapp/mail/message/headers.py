"""What may stand in a header: checks that name the field and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from quartapp.mail.errors import BadHeaderError
from quartapp.mail.lines import checked_line, shown

Headers = Mapping[str, object] | Iterable[tuple[str, object]]
"""How a program writes headers: a mapping, or pairs of name and value."""

__all__ = ["Headers", "checked_headers"]

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,76}")
"""A token (RFC 9110 section 5.6.2): what every program that handles mail takes for a name."""


def checked_headers(place: str, headers: Headers, ours: Mapping[str, str]) -> dict[str, str]:
    """Extra headers: names that are tokens, each one once, clean values.

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
        f"{place} has a header name {shown(name)}: a name is up to 76 ASCII letters, digits and "
        "marks like - and _."
    )
