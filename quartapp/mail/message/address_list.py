"""A header's list of addresses, some of them in groups with a name (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quartapp.mail.addresses import LONGEST_TEXT, unquoted
from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["grouped"]

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|<[^<>]*+>?|\[[^\[\]]*+\]?|[,:;]|[^",:;<\[]++', re.DOTALL)
"""A quoted name, an address in brackets, a mark between addresses, or what is none of them."""

GROUP = re.compile(r'"(?:[^"\\]|\\.)*+"|[^"<>@()\[\]\\]++')


def grouped(place: str, text: str) -> Iterator[tuple[str | None, list[str]]]:
    """The addresses of a header, each with its name, as they stand between the commas.

    Yields the name of a group and its members, and each address that is in none with None as the
    name. Empty places between commas are left out.

    place
        The field that the error names.

    Raises `MessageError` for a group that is malformed; addresses are not looked into.
    """
    group: str | None = None
    members: list[str] = []
    words: list[str] = []
    for mark in [*TOKEN.findall(text), ","]:
        if mark not in (",", ":", ";"):
            words.append(mark)
            continue
        said, words = "".join(words).strip(), []
        if mark == ":":
            if group is not None or len(said) > LONGEST_TEXT or not GROUP.fullmatch(said):
                raise _malformed(place, text)
            group = unquoted(said)
            continue
        if said:
            members.append(said)
        if mark == ";":
            if group is None:
                raise _malformed(place, text)
            yield group, members
            group, members = None, []
        elif group is None:
            yield from ((None, [each]) for each in members)
            members = []
    if group is not None:
        raise _malformed(place, text)


def _malformed(place: str, text: str) -> MessageError:
    return MessageError(
        f"{place} {shown(text)} is not a list of addresses: write commas between them, and a group "
        "as Team: a@example.org, b@example.org;"
    )
