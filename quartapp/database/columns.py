"""Column types that return what was stored, on every database."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, String, TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Dialect

__all__ = ["SafeText", "UtcDateTime", "Words", "is_storable"]

# PostgreSQL refuses NUL in text, and neither database takes one half of a surrogate pair.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, also where the database stores no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SafeText(TypeDecorator[str]):
    """Text from outside: what no database can store becomes U+FFFD.

    A strange reply of some mail server, or a strange address typed into a search, must not
    make a statement fail.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or is_storable(value):
            return value
        return UNSTORABLE.sub(REPLACEMENT, value)


class Words(TypeDecorator[tuple[str, ...]]):
    """A few words without spaces in them, of which there are mostly none."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(value.split())


def is_storable(text: str) -> bool:
    """Whether every database stores this text as it is."""
    return UNSTORABLE.search(text) is None
