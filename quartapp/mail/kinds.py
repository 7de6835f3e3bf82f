"""The kinds of values that only mail has: mailboxes, and lists of addresses."""

from __future__ import annotations

from typing import Any

from quartapp.mail.addresses import Address
from quartapp.mail.errors import BadHeaderError, MessageError

__all__ = ["addresses", "mailbox", "recipients"]


def mailbox(raw: Any) -> str:
    """One address, with or without a name; or a pair of name and address, as in Flask-Mail."""
    return str(_read(raw))


def addresses(raw: Any) -> tuple[str, ...]:
    """Bare addresses: a list, or text with commas."""
    return tuple(_read(entry).spec for entry in _entries(raw))


def recipients(raw: Any) -> tuple[str, ...]:
    """Addresses and whole domains (`@example.com` or `*@example.com`), in small letters."""
    return tuple(_recipient(entry.removeprefix("*")) for entry in _entries(raw))


def _recipient(entry: str) -> str:
    if entry.startswith("@"):
        return _read(f"anyone{entry}").spec.removeprefix("anyone").lower()
    return _read(entry).spec.lower()


def _entries(raw: Any) -> list[str]:
    entries = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
        raise ValueError("is not a list of addresses")
    return [entry.strip() for entry in entries if entry.strip()]


def _read(raw: Any) -> Address:
    try:
        return Address.read("", raw)
    except BadHeaderError:
        raise ValueError("contains a line break or another control character: remove it") from None
    except (MessageError, TypeError):
        raise ValueError(
            "is not an address: write it like ada@example.com or Ada <ada@example.com>"
        ) from None
