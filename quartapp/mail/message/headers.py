"""What may stand in a header: checks that name the field and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from quartapp.mail.errors import BadHeaderError, MessageError
from quartapp.mail.lines import header_line, shown
from quartapp.mail.message.structured import check

Headers = Mapping[str, object] | Iterable[tuple[str, object]]
"""How a program writes headers: a mapping, or pairs of name and value."""

__all__ = ["Headers", "checked_headers", "taken"]

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,76}")
"""A token (RFC 9110 section 5.6.2): what every program that handles mail takes for a name."""


def checked_headers(place: str, headers: Headers, ours: Mapping[str, str]) -> dict[str, str]:
    """Extra headers: names that are tokens, each one once, values that each of them can have.

    place
        The field that the error names.
    ours
        Lower-case names that we write ourselves, and what to use instead.

    Raises `BadHeaderError` for any that cannot be used, `MessageError` for what is not text, and
    what `structured.check` raises.
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
        clean[name] = _checked_value(f"{place}[{name!r}]", name, value)
    return clean


def taken(headers: dict[str, str], lower_name: str) -> str | None:
    """The header of that name, removed; None where there is none."""
    name = next((name for name in headers if name.lower() == lower_name), None)
    return None if name is None else headers.pop(name)


def _pairs(headers: Headers) -> Iterable[tuple[str, object]]:
    return headers.items() if isinstance(headers, Mapping) else headers


def _checked_value(place: str, name: str, value: object) -> str:
    if not isinstance(value, str) and isinstance(value, list | tuple | set | frozenset | Mapping):
        raise MessageError(f"{place} must be text, not {shown(value)}: write it as one line.")
    text = header_line(place, value)
    check(place, name, text)
    return text


def _checked_name(place: str, name: object) -> str:
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    raise BadHeaderError(
        f"{place} has a header name {shown(name)}: a name is up to 76 ASCII letters, digits and "
        "marks like - and _."
    )
