"""From a `Message` to the bytes that go over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError
from quartapp.mail.transports import Envelope

if TYPE_CHECKING:
    from quartapp.mail.message import Message
    from quartapp.mail.settings import MailSettings

__all__ = ["Composed", "compose"]


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished letter: nothing about it changes any more, however often it is sent.

    content
        CRLF line ends, no Bcc; ASCII unless an address in its headers needs SMTPUTF8 (RFC 6531).
    """

    envelope: Envelope
    content: bytes
    message_id: str
    subject: str


def compose(message: Message, settings: MailSettings) -> Composed:
    """The letter of a message, checked and written.

    Raises `BadHeaderError` and `MessageError` naming the field, `MessageError` too for a letter
    over `settings.max_size` bytes.
    """
    letter = message.letter(settings.default_sender)
    content = letter.to_bytes(ascii_names=settings.ascii_attachments)
    if len(content) > settings.max_size:
        raise MessageError(
            f"The letter has {len(content)} bytes, more than the {settings.max_size} of "
            "MAIL_MAX_SIZE: send less, or raise it."
        )
    envelope = Envelope(
        letter.sender.spec,
        letter.recipients,
        tuple(message.mail_options),
        tuple(message.rcpt_options),
    )
    return Composed(envelope, content, letter.message_id, letter.subject)
