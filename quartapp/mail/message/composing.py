"""From the fields of a message to all that its bytes say: nothing is missing, all is checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quartapp.mail.addresses import Address
from quartapp.mail.errors import MessageError
from quartapp.mail.message.checked import CheckedMessage
from quartapp.mail.message.fields import CHECKS, moment
from quartapp.mail.message.headers import taken

if TYPE_CHECKING:
    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.message_fields import MessageFields

__all__ = ["composed"]

CHANGED_IN_PLACE = ("alts", "attachments", "extra_headers", "mail_options", "rcpt_options")


def composed(fields: MessageFields, default_sender: str | None) -> CheckedMessage:
    """The complete message, every field checked again.

    default_sender
        Who writes where the message does not say.

    Raises `MessageError` for no sender and no recipient, and what setting the fields raises.
    """
    # What cannot change in place was checked when it was set, and addresses are read again.
    alts, attachments, headers, *_ = (CHECKS[n](getattr(fields, n)) for n in CHANGED_IN_PLACE)
    sender = _sender(fields.sender, default_sender)
    message = CheckedMessage(
        message_id=taken(headers, "message-id") or fields.own_message_id(sender),
        date=_date(fields.date, taken(headers, "date")),
        subject=fields.subject.strip(" "),
        sender=sender,
        to=fields.addresses_of("recipients"),
        cc=fields.addresses_of("cc"),
        bcc=fields.addresses_of("bcc"),
        reply_to=Address.read("reply_to", fields.reply_to) if fields.reply_to else None,
        named_headers=fields.named_headers(headers),
        extra_headers=headers,
        body=fields.body,
        alternatives=alts,
        attachments=tuple(attachments),
        charset=fields.charset,
    )
    if not (message.to or message.cc or message.bcc):
        raise MessageError("recipients is empty: give an address in recipients, cc or bcc.")
    return message


def _sender(given: Mailbox | None, default: Mailbox | None) -> Address:
    """Who writes. Raises `MessageError` where nobody does."""
    mailbox = given or default
    if mailbox is None:
        raise MessageError("sender is missing: give the message one or set MAIL_DEFAULT_SENDER.")
    return Address.read("sender", mailbox)


def _date(given: datetime | float | None, header: str | None) -> datetime:
    """When it was written: now, where nothing else is given. Raises `MessageError`.

    header
        The Date among the extra headers.
    """
    if header is None:
        return datetime.now(UTC) if given is None else moment("date", given)
    if given is not None:
        raise MessageError("date is given, and extra_headers has a Date too: leave one.")
    return moment("extra_headers['Date']", header)
