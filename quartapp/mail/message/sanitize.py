"""Flask-Mail's functions for text and addresses: as a header holds them, in ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quartapp.mail.addresses import Address
from quartapp.mail.errors import MessageError
from quartapp.mail.lines import header_line
from quartapp.mail.message.folding import address_pieces, text_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quartapp.mail.addresses import Mailbox

__all__ = [
    "FlaskMailUnicodeDecodeError",
    "force_text",
    "sanitize_address",
    "sanitize_addresses",
    "sanitize_subject",
]


class FlaskMailUnicodeDecodeError(MessageError, UnicodeDecodeError):
    """Bytes that are not text in the encoding that was named.

    obj
        The bytes.
    """

    def __init__(self, obj: Any, *args: Any) -> None:
        UnicodeDecodeError.__init__(self, *args)
        self.obj = obj

    def __str__(self) -> str:
        return f"{UnicodeDecodeError.__str__(self)}. You passed in {self.obj!r} ({type(self.obj)})"


def force_text(s: Any, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Anything as text: bytes are decoded, lazy strings resolved.

    encoding, errors
        How bytes are decoded.

    Raises `FlaskMailUnicodeDecodeError`, a `MessageError`, for bytes that are no such text.
    """
    if not isinstance(s, bytes):
        return str(s)
    try:
        return s.decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise FlaskMailUnicodeDecodeError(s, *error.args) from error


def sanitize_address(addr: Mailbox, encoding: str = "utf-8") -> str:
    """An address as headers hold it: name and domain in ASCII (RFC 2047, 5891).

    encoding
        As in Flask-Mail. What is not ASCII is always written in UTF-8, which every reader knows.

    Raises `BadHeaderError` for line breaks, `MessageError` for what is no address.
    """
    return "".join(address_pieces([Address.read("address", addr)])).strip()


def sanitize_addresses(addresses: Iterable[Mailbox], encoding: str = "utf-8") -> list[str]:
    """Each address as `sanitize_address` writes it."""
    return [sanitize_address(each, encoding) for each in addresses]


def sanitize_subject(subject: str, encoding: str = "utf-8") -> str:
    """A subject as its header holds it, on one line. Raises `BadHeaderError` for line breaks.

    encoding
        See `sanitize_address`.
    """
    return "".join(text_pieces(header_line("subject", subject).strip(" "))).strip()
