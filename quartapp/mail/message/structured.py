"""Headers by name: what each may hold and where it may be folded (RFC 5322, 2047, 2369, 2919)."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from quartapp.mail.addresses import LONGEST_TEXT, Address, unquoted
from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown
from quartapp.mail.message.address_list import grouped
from quartapp.mail.message.folding import (
    LONGEST_LINE,
    address_pieces,
    encoded_words,
    field,
    named,
    partly_encoded,
    phrase_pieces,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMMENT", "Shape", "check", "header_field", "shape_of"]


class Shape(Enum):
    """What kind of value a header has. Only people read `TEXT`; programs read the others."""

    ADDRESS = auto()
    ADDRESSES = auto()
    IDS = auto()
    LINKS = auto()
    NAMED_ID = auto()
    TOKENS = auto()
    TEXT = auto()


_NAMES = {
    Shape.ADDRESS: "sender resent-sender",
    Shape.ADDRESSES: (
        "resent-from resent-to resent-cc resent-reply-to disposition-notification-to "
        "return-receipt-to errors-to delivered-to apparently-to mail-followup-to mail-reply-to "
        "author envelope-to original-from x-confirm-reading-to x-envelope-to x-errors-to "
        "x-original-to"
    ),
    Shape.IDS: "references in-reply-to supersedes obsoletes content-id",
    Shape.LINKS: "archived-at",
    Shape.NAMED_ID: "list-id",
    Shape.TOKENS: (
        "accept-language authentication-results auto-submitted autocrypt autocrypt-gossip "
        "cancel-key cancel-lock deferred-delivery disposition-notification-options "
        "domainkey-signature expires expiry-date feedback-id followup-to importance list-sequence "
        "list-unsubscribe-post message-context newsgroups original-recipient precedence "
        "prevent-nondelivery-report priority received-spf reply-by "
        "require-recipient-valid-since resent-date sensitivity thread-index tls-required vbr-info "
        "x-auto-response-suppress x-msmail-priority x-priority"
    ),
    Shape.TEXT: "content-description list-name",
}
SHAPES = {name: shape for shape, names in _NAMES.items() for name in names.split()}
PREFIXES = {
    "content-": Shape.TOKENS,
    "list-": Shape.LINKS,
    "arc-": Shape.TOKENS,
    "bimi-": Shape.TOKENS,
}
SUFFIXES = {"message-id": Shape.IDS, "dkim-signature": Shape.TOKENS, "feedback-id": Shape.TOKENS}

ATOMIC = re.compile(r" +(?:<[^<>]*>|[^ ])+")
"""A word with the space before it; nothing in angle brackets is folded."""

COMMENT = re.compile(r"<[^<>]*>|\([^()]*\)")
"""A comment, which people read, or a link, which may have brackets too."""

LIST_ID = re.compile(r"[!-;=?-~]{1,255}")
LIST_NAME = re.compile(r'"(?:[^"\\]|\\.)*+"|[^"<>]*+')


@lru_cache
def shape_of(name: str) -> Shape:
    """The kind of value of a header, by its name in any case."""
    lower = name.lower()
    if lower in SHAPES:
        return SHAPES[lower]
    for ends, table in ((lower.endswith, SUFFIXES), (lower.startswith, PREFIXES)):
        for part, shape in table.items():
            if ends(part):
                return shape
    return Shape.TEXT


def check(place: str, name: str, value: str) -> None:
    """Raise `MessageError` for a value that this header cannot have.

    place
        The field that the error names.
    """
    if shape_of(name) is not Shape.TEXT:
        _pieces(place, name, value)


def header_field(name: str, value: str) -> str:
    """A header as folded lines, each with its CRLF. Raises what `check` raises."""
    return field(name, _pieces(name, name, value))


def _pieces(place: str, name: str, value: str) -> list[str]:
    return _WRITERS[shape_of(name)](place, value.strip(" "))


def _address(place: str, value: str) -> list[str]:
    return address_pieces([Address.read(place, value)])


def _addresses(place: str, value: str) -> list[str]:
    """Addresses, and groups of them."""
    pieces: list[str] = []
    for group, members in grouped(place, value):
        if pieces:
            pieces[-1] += ","
        found = address_pieces([Address.read(place, each) for each in members])
        if group is not None:
            *before, name = phrase_pieces(group)
            # An encoded word has spaces around it (RFC 2047 section 5).
            colon = " :" if "=?" in name else ":"
            found = [*before, f"{name}{colon}", *found]
            found[-1] += ";"
        pieces += found
    return pieces or _address(place, "")


def _ids(place: str, value: str) -> list[str]:
    return _unbroken(place, value.replace("><", "> <"), "an id")


def _links(place: str, value: str) -> list[str]:
    """Links, each in angle brackets, with comments that people read."""
    written = value if value.isascii() else COMMENT.sub(_encoded_comment, value)
    return _unbroken(place, written.replace(">,<", ">, <"), "a link, with %C3%A4 for ä,")


def _encoded_comment(found: re.Match[str]) -> str:
    if found[0].startswith("<") or found[0].isascii():
        return found[0]
    return f"({' '.join(encoded_words(found[0][1:-1]))})"


def _named_id(place: str, value: str) -> list[str]:
    """The id of a list in angle brackets after its name, which is text."""
    if "<" not in value and ">" not in value:
        return _tokens(place, value)
    name, _, written = value.removesuffix(">").rpartition("<")
    name = name.strip(" ")
    is_name = len(name) <= LONGEST_TEXT and LIST_NAME.fullmatch(name)
    if not (LIST_ID.fullmatch(written) and value.endswith(">") and is_name):
        raise MessageError(
            f"{place} {shown(value)} is not an id like News <news.example.org>, in ASCII."
        )
    return named(unquoted(name), f"<{written}>")


def _tokens(place: str, value: str) -> list[str]:
    return _unbroken(place, value, "it")


def _unbroken(place: str, value: str, what: str) -> list[str]:
    if not value.isascii():
        raise MessageError(f"{place} {shown(value)} must be ASCII: programs read {what} as it is.")
    pieces: list[str] = ATOMIC.findall(f" {value}")
    if len(value) < LONGEST_LINE:
        return pieces
    longest = max(map(len, pieces), default=0)
    if longest > LONGEST_LINE:
        raise MessageError(
            f"{place} {shown(value)} has a word of {longest - 1} characters, and a line holds "
            f"{LONGEST_LINE - 1}: {what} cannot be broken."
        )
    return pieces


def _text(_place: str, value: str) -> list[str]:
    return partly_encoded(value)


_WRITERS: dict[Shape, Callable[[str, str], list[str]]] = {
    Shape.ADDRESS: _address,
    Shape.ADDRESSES: _addresses,
    Shape.IDS: _ids,
    Shape.LINKS: _links,
    Shape.NAMED_ID: _named_id,
    Shape.TOKENS: _tokens,
    Shape.TEXT: _text,
}
