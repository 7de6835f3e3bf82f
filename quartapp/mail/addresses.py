"""Mail addresses: parsed from what a program gives, checked, and formatted for headers."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import idna

from quartapp.mail.errors import BadHeaderError, MessageError
from quartapp.mail.lines import checked_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "LONGEST_TEXT",
    "NULL_SENDER",
    "Address",
    "Mailbox",
    "addresses",
    "envelope_sender",
    "envelope_sender_setting",
    "listed",
    "mailbox",
    "phrase",
    "recipients",
    "unique_specs",
    "unquoted",
]

Mailbox = str | tuple[str | None, str] | list[str]
"""An address as a program gives it: "a@example.org", "Ada <a@example.org>" or a pair."""

FOREIGN = r"\u00a1-\u167f\u1681-\u1fff\u2070-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
"""Everything beyond ASCII but spaces, line breaks and invisible marks."""

ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{FOREIGN}-]+"
LOCAL = re.compile(rf'{ATOM}(?:\.{ATOM})*|"(?:[ !#-;=?-\[\]-~]|\\["\\])*"')
LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*|\[(?:IPv6:)?[0-9A-Fa-f.:]+\]")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
LISTED = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^",])++')
PLAIN = re.compile(r'[^"<>@]*+')
SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')
LONGEST = 254
"""Octets of an address (RFC 5321 section 4.5.3.1.3)."""

LONGEST_TEXT = 1000
"""Characters of a name."""

LONGEST_WRITTEN = 2 * LONGEST_TEXT + LONGEST + len('"" <>')
"""Characters of an address with its name, in which each may have a backslash before it."""

NULL_SENDER = "<>"
"""The envelope sender of messages that nobody is to be told about (RFC 5321 section 4.5.5)."""

REMEMBERED = 1024
"""Addresses that need not be parsed again."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox.

    local
        The part before the @; outside ASCII it needs a server with SMTPUTF8 (RFC 6531).
    domain
        The part after it, in ASCII (RFC 5891).
    name
        The display name, or "".
    """

    local: str
    domain: str
    name: str = ""

    @staticmethod
    def read(place: str, given: Mailbox) -> Address:
        """The address in "a@example.org", "Ada <a@example.org>" or ("Ada", "a@example.org").

        A list may hold name and address too, as it does in a file of settings; one of two
        addresses is refused.

        place
            The field that the error names.

        Raises `BadHeaderError` for control characters, `MessageError` for what is no address.
        """
        return _read(place, given) if isinstance(given, str) else _read_anew(place, given)

    @property
    def spec(self) -> str:
        """The bare address, as an envelope wants it."""
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """What two spellings of one mailbox have in common: only the domain ignores case."""
        return f"{self.local}@{self.domain.lower()}"

    def __str__(self) -> str:
        """Name and address as a person reads them."""
        return f"{phrase(self.name)} <{self.spec}>" if self.name else self.spec


def _read_anew(place: str, given: Mailbox) -> Address:
    name, spec = _split(place, given)
    if len(spec) > LONGEST or len(name) > LONGEST_TEXT:
        raise MessageError(f"{place} {shown(spec)} is too long for an address.")
    local, at, domain = spec.rpartition("@")
    if not at or not LOCAL.fullmatch(local):
        raise MessageError(f"{place} {shown(spec)} is not an address like ada@example.org.")
    address = Address(local, _ascii_domain(place, spec, domain), name)
    if len(local.encode()) > 64 or len(address.spec.encode()) > LONGEST:
        raise MessageError(f"{place} {shown(spec)} is too long for an address.")
    return address


# Each address is parsed when it is set and when the message is encoded, and senders seldom change.
_read = lru_cache(REMEMBERED)(_read_anew)


def _split(place: str, given: Mailbox) -> tuple[str, str]:
    if isinstance(given, tuple | list):
        if len(given) != 2 or (isinstance(given, list) and "@" in str(given[0])):
            raise MessageError(f"{place} {shown(given)} is not a pair of name and address.")
        name, spec = given
        return _one_spaced(checked_line(place, name or "")), checked_line(place, spec).strip()
    text = checked_line(place, given).strip()
    if len(text) > LONGEST_WRITTEN:
        raise MessageError(f"{place} {shown(text)} is too long for an address.")
    if "<" not in text and ">" not in text:
        return "", text
    name, bracket, spec = text.removesuffix(">").rpartition("<")
    name = name.strip()
    is_named = QUOTED.fullmatch(name) or PLAIN.fullmatch(name)
    if not (bracket and text.endswith(">") and is_named and ">" not in spec):
        raise MessageError(
            f"{place} {shown(text)} is not one address like Ada <ada@example.org>: "
            "give each address of its own, and a name with @, quotes or brackets as a pair."
        )
    return unquoted(name), spec.strip()


def unquoted(name: str) -> str:
    """A display name without the quotes around it."""
    if QUOTED.fullmatch(name):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return _one_spaced(name)


def _one_spaced(name: str) -> str:
    return " ".join(name.split())


def _ascii_domain(place: str, spec: str, domain: str) -> str:
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise MessageError(f"{place} {shown(spec)} has an impossible domain: {error}.") from error
    if not DOMAIN.fullmatch(ascii_domain):
        raise MessageError(f"{place} {shown(spec)} has no domain like example.org after its @.")
    return ascii_domain


def listed(text: str) -> list[str]:
    """The addresses of a header, each with its name, as they stand between the commas."""
    return [each for each in map(str.strip, LISTED.findall(text)) if each]


def phrase(name: str) -> str:
    """A display name as a header holds it, in quotes where it needs them."""
    if not SPECIAL.search(name):
        return name
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'


def unique_specs(addresses: Iterable[Address]) -> tuple[str, ...]:
    """The bare addresses in order, each mailbox once."""
    specs: dict[str, str] = {}
    for address in addresses:
        specs.setdefault(address.key, address.spec)
    return tuple(specs.values())


def envelope_sender(place: str, given: Mailbox | None) -> str | None:
    """Where bounces go: a bare address, `NULL_SENDER`, or None where nothing is given.

    place
        The field that the error names.

    Raises `BadHeaderError` for control characters, `MessageError` for what is no address.
    """
    text = given.strip(" ") if isinstance(given, str) else given
    if text is None or text == "":
        return None
    return NULL_SENDER if text == NULL_SENDER else Address.read(place, text).spec


def envelope_sender_setting(raw: Any) -> str | None:
    """One bare address, or `<>` for none."""
    with _as_value_error():
        return envelope_sender("", raw)


def mailbox(raw: Any) -> str:
    """One address, with or without a name; or a pair of name and address, as in Flask-Mail."""
    return str(_as_setting(tuple(raw) if isinstance(raw, list) else raw))


def addresses(raw: Any) -> tuple[str, ...]:
    """Bare addresses: a list, or text with commas."""
    return tuple(_as_setting(entry).spec for entry in _entries(raw))


def recipients(raw: Any) -> tuple[str, ...]:
    """Addresses and whole domains (`@example.com` or `*@example.com`), in lower case."""
    return tuple(_recipient(entry.removeprefix("*")) for entry in _entries(raw))


def _recipient(entry: str) -> str:
    if entry.startswith("@"):
        return _as_setting(f"anyone{entry}").spec.removeprefix("anyone").lower()
    return _as_setting(entry).spec.lower()


def _entries(raw: Any) -> list[str]:
    entries = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
        raise ValueError("is not a list of addresses")
    return [entry.strip() for entry in entries if entry.strip()]


def _as_setting(raw: Any) -> Address:
    with _as_value_error():
        return Address.read("", raw)


@contextmanager
def _as_value_error() -> Iterator[None]:
    try:
        yield
    except BadHeaderError:
        raise ValueError("contains a line break or another control character: remove it") from None
    except (MessageError, TypeError):
        raise ValueError(
            "is not an address: write it like ada@example.com or Ada <ada@example.com>"
        ) from None
