"""How a reader unsubscribes: List-Unsubscribe, and with one click (RFC 2369, 8058)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from quartapp.mail.addresses import Address
from quartapp.mail.errors import MessageError
from quartapp.mail.lines import checked_line, shown

__all__ = ["unsubscribe_links"]

URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+")
"""What RFC 3986 lets stand in a link; everything else is percent-encoded."""

LONGEST = 900
"""Characters of a link: it is on one line, which has at most 998 octets."""

MOST = 8
"""Links of one message."""


def unsubscribe_links(value: object) -> tuple[str, ...]:
    """Links to unsubscribe with: an https or a mailto one, or a list of them.

    Raises `BadHeaderError` for control characters, `MessageError` for a link that is neither, that
    is not percent-encoded ASCII or that no line can hold, and for a second https one.
    """
    if value is None:
        return ()
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return (_link("unsubscribe", value),)
    given = list(value)
    if len(given) > MOST:
        raise MessageError(f"unsubscribe has {len(given)} links: at most {MOST} fit.")
    links = tuple(_link(f"unsubscribe[{index}]", each) for index, each in enumerate(given))
    if sum(link.startswith("https:") for link in links) > 1:
        raise MessageError("unsubscribe has several https links: RFC 8058 allows one.")
    return links


def _link(place: str, value: object) -> str:
    text = checked_line(place, value).strip(" ")
    if len(text) > LONGEST:
        raise MessageError(f"{place} {shown(text)} has {len(text)} characters: {LONGEST} fit.")
    if not URI.fullmatch(text):
        raise MessageError(
            f"{place} {shown(text)} must be percent-encoded ASCII: write %20 for a space, %C3%A4 "
            "for ä, and no angle brackets around it."
        )
    scheme, _, rest = text.partition(":")
    match scheme.lower():
        case "https":
            _check_page(place, text)
        case "mailto":
            _check_mailto(place, text, rest)
        case "http":
            raise MessageError(
                f"{place} {shown(text)} must be https: mail programs unsubscribe with one click "
                "over nothing else (RFC 8058)."
            )
        case _:
            raise MessageError(
                f"{place} {shown(text)} is neither a link like https://example.org/leave?id=1 nor "
                "one like mailto:leave@example.org."
            )
    return f"{scheme.lower()}:{rest}"


def _check_page(place: str, link: str) -> None:
    try:
        parts = urlsplit(link)
        # Reading the port checks it.
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise MessageError(f"{place} {shown(link)} names no host: write https://example.org/leave.")
    if "#" in link:
        raise MessageError(
            f"{place} {shown(link)} has a #: what follows it never reaches the server."
        )


def _check_mailto(place: str, link: str, rest: str) -> None:
    to, _, fields = rest.partition("?")
    try:
        for address in to.split(","):
            if Address.read(place, unquote(address, errors="strict")).name:
                raise MessageError(f"{place} {shown(link)} must have bare addresses.")
        for field in fields.split("&"):
            name, _, value = field.partition("=")
            decoded = unquote(value, errors="strict")
            # Line breaks may stand in the body alone (RFC 6068 section 5).
            checked_line(place, "" if name.lower() == "body" else decoded)
    except UnicodeDecodeError:
        raise MessageError(f"{place} {shown(link)} must be UTF-8, percent-encoded.") from None
