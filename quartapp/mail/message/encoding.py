"""From a `Message` to the bytes that go over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.mail.addresses import NULL_SENDER, envelope_sender
from quartapp.mail.errors import MessageError

if TYPE_CHECKING:
    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.message import Message
    from quartapp.mail.settings import MailSettings

__all__ = ["Encoded", "Envelope", "encode"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a message is from and for on the wire (RFC 5321 section 2.3.1); its headers say nothing.

    sender
        Where bounces go; "" for the null sender.
    mail_options, rcpt_options
        ESMTP parameters of MAIL and RCPT, such as `RET=HDRS` or `NOTIFY=FAILURE`.
    """

    sender: str
    recipients: tuple[str, ...]
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished message: nothing about it changes any more, however often it is sent.

    content
        CRLF line ends, no Bcc; ASCII unless an address in its headers needs SMTPUTF8 (RFC 6531).
    """

    envelope: Envelope
    content: bytes
    message_id: str
    subject: str


def encode(
    message: Message, settings: MailSettings, envelope_from: Mailbox | None = None
) -> Encoded:
    """The bytes of a message, checked and written.

    envelope_from
        The envelope sender instead of the message's own.

    Raises `BadHeaderError` and `MessageError` naming the field, `MessageError` too for a message
    over `settings.max_size` bytes.
    """
    checked = message.checked(settings.default_sender)
    content = checked.to_bytes(ascii_names=settings.ascii_attachments)
    if len(content) > settings.max_size:
        raise MessageError(
            f"The message has {len(content)} bytes, more than the {settings.max_size} of "
            "MAIL_MAX_SIZE: send less, or raise it."
        )
    sender = (
        envelope_sender("envelope_from", envelope_from)
        or message.envelope_from
        or settings.envelope_from
        or checked.sender.spec
    )
    envelope = Envelope(
        "" if sender == NULL_SENDER else sender,
        checked.recipients,
        tuple(message.mail_options),
        tuple(message.rcpt_options),
    )
    return Encoded(envelope, content, checked.message_id, checked.subject)
