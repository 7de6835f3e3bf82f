"""What a test expects of a field of a message, and in which words a message differs from it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from quartapp.mail.addresses import Address, Mailbox
from quartapp.mail.errors import WrongTypeError
from quartapp.mail.lines import shown

if TYPE_CHECKING:
    from quartapp.mail.message.message import Message

__all__ = ["Difference", "Expectation", "Several", "few"]

Several = str | tuple[str | None, str] | re.Pattern[str] | Collection[Mailbox]
"""One address or name that is among those of a field, or a list of all of them."""

PEOPLE = {"to": "recipients", "cc": "cc", "bcc": "bcc", "sender": "sender"}

SHOWN, BEFORE = 60, 20
"""Characters of a text that are shown where it first differs, and how many of them are equal."""

LISTED = 5
"""Entries of a list that are shown."""

COMPARED = 200
"""Characters by which the nearest of several messages is chosen."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a message is not as expected.

    closeness
        From 0 to 1: how much what is there is like what is expected.
    """

    words: str
    closeness: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one field of a message is to be: see `assert_sent`."""

    field: str
    wanted: str | Address | list[str] | list[Address] | re.Pattern[str]

    @classmethod
    def read(cls, field: str, given: Any) -> Expectation:
        """What a test has written. Raises `WrongTypeError`, and `MessageError` for no address."""
        if isinstance(given, re.Pattern) and isinstance(given.pattern, str):
            return cls(field, given)
        if field in PEOPLE and isinstance(given, str | tuple):
            return cls(field, _item(field, given))
        if isinstance(given, str):
            return cls(field, given)
        if field in ("subject", "body", "html", "sender"):
            raise WrongTypeError(
                f"{field}={shown(given)} is {type(given).__name__}: give text or re.compile(...)"
            )
        if isinstance(given, Collection) and all(isinstance(e, str | tuple) for e in given):
            return cls(field, [_item(field, each) for each in given])
        raise WrongTypeError(
            f"{field}={shown(given)} is {type(given).__name__}: give one text, a list of texts or "
            "re.compile(...)"
        )

    def difference(self, message: Message) -> Difference | None:
        """Where the message is not so, None where it is."""
        actual = _actual(self.field, message)
        if isinstance(actual, str):
            return self._of_text(actual)
        return self._of_items(actual)

    def _of_text(self, actual: str) -> Difference | None:
        if isinstance(self.wanted, re.Pattern):
            if self.wanted.search(actual):
                return None
            words = f"{_excerpt(actual)} has no match for {shown(self.wanted.pattern)}"
            return self._differs(words, actual, self.wanted.pattern)
        wanted = _lines(str(self.wanted))
        if actual == wanted:
            return None
        first = _equal(actual, wanted)
        words = f"{_excerpt(actual, first)}, not {_excerpt(wanted, first)}"
        return self._differs(words, actual, wanted)

    def _of_items(self, actual: list[str] | list[Address]) -> Difference | None:
        texts, wanted = [str(each) for each in actual], self.wanted
        there = few(map(shown, texts)) or "nothing"
        if isinstance(wanted, re.Pattern):
            if any(map(wanted.search, texts)):
                return None
            words = f"{there} has no match for {shown(wanted.pattern)}"
            return self._differs(words, " ".join(texts), wanted.pattern)
        if isinstance(wanted, list):
            if _are_same(actual, wanted):
                return None
            names = [str(each) for each in wanted]
            words = f"{there}, not {few(map(shown, names)) or 'nothing'}"
            return self._differs(words, " ".join(texts), " ".join(names))
        if any(_is_same(each, wanted) for each in actual):
            return None
        words = f"{there}, not {shown(str(wanted))}"
        return self._differs(words, " ".join(texts), str(wanted))

    def _differs(self, words: str, actual: str, wanted: str) -> Difference:
        matcher = SequenceMatcher(None, actual[:COMPARED], wanted[:COMPARED])
        return Difference(f"{self.field}: {words}", matcher.quick_ratio())


def few(items: Collection[str] | Any) -> str:
    """The first entries of a list, and how many more there are."""
    entries = list(items)
    more = f" and {len(entries) - LISTED:,} more" if len(entries) > LISTED else ""
    return ", ".join(entries[:LISTED]) + more


def _item(field: str, given: Mailbox) -> Any:
    if field not in PEOPLE:
        return str(given)
    address = Address.read(field, given)
    # No header has them, so that no name goes over the wire.
    return replace(address, name="") if field == "bcc" else address


def _actual(field: str, message: Message) -> str | list[str] | list[Address]:
    if field == "attachments":
        return [attachment.filename or "" for attachment in message.attachments]
    if field not in PEOPLE:
        return _lines(getattr(message, field) or "")
    mailboxes = getattr(message, PEOPLE[field])
    mailboxes = [mailboxes] if field == "sender" else mailboxes
    return [Address.read(field, mailbox) for mailbox in mailboxes]


def _are_same(actual: list[str] | list[Address], wanted: list[str] | list[Address]) -> bool:
    """Whether each is there once, in whichever order."""
    rest: list[str | Address] = [*actual]
    for each in wanted:
        found = next((other for other in rest if _is_same(other, each)), None)
        if found is None:
            return False
        rest.remove(found)
    return not rest


def _is_same(actual: str | Address, wanted: str | Address) -> bool:
    """Whether they are equal; where no name is wanted, any will do."""
    if isinstance(actual, Address) and isinstance(wanted, Address):
        return actual.key == wanted.key and wanted.name in ("", actual.name)
    return actual == wanted


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _equal(one: str, other: str) -> int:
    """How many characters are equal before the first that is not."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _excerpt(text: str, first: int = 0) -> str:
    """What stands at a place in a text, as Python writes it."""
    start = max(0, first - BEFORE) if len(text) > SHOWN else 0
    end = start + SHOWN
    return f"{'…' if start else ''}{text[start:end]!r}{'…' if len(text) > end else ''}"
