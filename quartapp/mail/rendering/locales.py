"""Which templates a locale means: its own, those of a wider one, or the default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_tag", "language_tag", "variants"]

TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,7}")
"""What tags of languages look like (RFC 5646), with the underscore of POSIX too."""


def is_tag(text: str) -> bool:
    """Whether it looks like the tag of a language."""
    return bool(TAG.fullmatch(text))


def language_tag(locale: object) -> str | None:
    """The tag in its usual letters, such as "de" or "zh-Hant-TW"; None for none.

    locale
        Text, or what says so as text, such as a `Locale` of Babel.

    Raises `MessageError` for what is no tag of a language: it may come from outside, and becomes
    part of the name of a file.
    """
    text = "" if locale is None else str(locale)
    if not text:
        return None
    if not is_tag(text):
        raise MessageError(
            f"locale {shown(text)} is no language tag: give one like de, de-AT or zh-Hant."
        )
    first, *others = re.split("[-_]", text)
    return "-".join([first.lower(), *map(_usual, others)])


def _usual(subtag: str) -> str:
    """A script as "Hant", a region as "AT", all else in lower case (RFC 5646 section 2.1.1)."""
    if len(subtag) == 4 and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == 2 else subtag.lower()


def variants(template: str, tag: str | None) -> Iterator[tuple[str, str | None]]:
    """Names of a template with the tag of each: the nearest first, the default last."""
    parts = tag.split("-") if tag else []
    while parts:
        yield f"{template}.{'-'.join(parts)}", "-".join(parts)
        if len(parts) > 1:
            yield f"{template}.{'_'.join(parts)}", "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    yield template, None
