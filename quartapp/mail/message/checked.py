"""A message that is complete: checked values, and how they are written (RFC 5322)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

from quartapp.mail.addresses import Address, unique_specs
from quartapp.mail.message.folding import address_pieces, field, text_field
from quartapp.mail.message.mime import Part, attached, multipart, text_part
from quartapp.mail.message.structured import header_field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from quartapp.mail.message.attachment import Attachment

__all__ = ["CheckedMessage"]

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
PLACES = {"x-amp-html": -1, "watch-html": -1, "calendar": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMessage:
    """Everything that the bytes of a message say, and nothing that they must not.

    named_headers
        Headers that fields write, as those of a thread; parsing tells them from the extra ones,
        which come after the Message-ID.
    alternatives
        Text by subtype, in the order of RFC 2046 section 5.1.4: the best last.
    """

    message_id: str
    date: datetime
    subject: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: Address | None
    named_headers: dict[str, str]
    extra_headers: dict[str, str]
    body: str | None
    alternatives: dict[str, str]
    attachments: tuple[Attachment, ...]
    charset: str

    @property
    def recipients(self) -> tuple[str, ...]:
        """The bare addresses it goes to, each mailbox once."""
        return unique_specs((*self.to, *self.cc, *self.bcc))

    def to_bytes(self, *, ascii_names: bool = False) -> bytes:
        """The message with CRLF line ends and without its Bcc.

        ascii_names
            Whether file names are reduced to ASCII.
        """
        root = self._mixed(ascii_names)
        head = "".join(self._headers())
        end = b"" if root.body.endswith(b"\r\n") else b"\r\n"
        return b"%s%s%s" % (head.encode(), root.to_bytes(), end)

    def _headers(self) -> Iterator[str]:
        # The block of a message that is sent on stands before its own (RFC 5322 section 3.6.6).
        yield from self._extra_headers(resent=True)
        yield _address_field("From", (self.sender,))
        if self.to or not self.cc:
            yield _address_field("To", self.to)
        if self.cc:
            yield _address_field("Cc", self.cc)
        if self.reply_to:
            yield _address_field("Reply-To", (self.reply_to,))
        yield text_field("Subject", self.subject)
        for name, value in self.named_headers.items():
            yield header_field(name, value)
        yield f"Date: {_date(self.date)}\r\n"
        yield f"Message-ID: {self.message_id}\r\n"
        yield from self._extra_headers(resent=False)
        yield "MIME-Version: 1.0\r\n"

    def _extra_headers(self, *, resent: bool) -> Iterator[str]:
        for name, value in self.extra_headers.items():
            if name.lower().startswith("resent-") is resent:
                yield header_field(name, value)

    def _mixed(self, ascii_names: bool) -> Part:
        files = [a for a in self.attachments if not self._is_shown(a)]
        shown = [a for a in self.attachments if self._is_shown(a)]
        related = [attached(file, ascii_names=ascii_names) for file in shown]
        listed = [attached(file, ascii_names=ascii_names) for file in files]
        return multipart("mixed", [self._alternative(related), *listed])

    def _is_shown(self, attachment: Attachment) -> bool:
        return attachment.is_related and "html" in self.alternatives

    def _alternative(self, related: list[Part]) -> Part:
        parts = [
            self._text(subtype, text, related if subtype == "html" else [])
            for subtype, text in sorted(self.alternatives.items(), key=_place)
        ]
        if self.body is not None or not parts:
            parts.insert(0, text_part("plain", self.body or "", self.charset, "body"))
        return multipart("alternative", parts)

    def _text(self, subtype: str, text: str, related: list[Part]) -> Part:
        place = "html" if subtype == "html" else f"alts[{subtype!r}]"
        parts = [text_part(subtype, text, self.charset, place), *related]
        return multipart("related", parts, root="text/html")


def _date(at: datetime) -> str:
    """A moment as RFC 5322 section 3.3 has it, for a fraction of what `email.utils` takes."""
    zone = "+0000" if at.tzinfo is UTC else at.strftime("%z")
    day = f"{DAYS[at.weekday()]}, {at.day:02} {MONTHS[at.month - 1]} {at.year:04}"
    return f"{day} {at.hour:02}:{at.minute:02}:{at.second:02} {zone}"


def _place(alternative: tuple[str, str]) -> int:
    """Where readers look for it: some show no HTML after AMP, and no invitation before HTML."""
    subtype = alternative[0].partition(";")[0].strip().lower()
    return PLACES.get(subtype, 0)


@lru_cache
def _address_field(name: str, addresses: tuple[Address, ...]) -> str:
    return field(name, address_pieces(addresses) or [" undisclosed-recipients:;"])
