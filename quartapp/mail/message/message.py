"""The message that a program writes: mutable, and checked when set and when encoded."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quartapp.mail.addresses import Address, unique_specs
from quartapp.mail.errors import MessageError
from quartapp.mail.message import pictures
from quartapp.mail.message.attachment import Attachment
from quartapp.mail.message.checked import CheckedMessage
from quartapp.mail.message.fields import CHECKS, UNSET, message_id, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.headers import Headers

__all__ = ["Message"]

CHANGED_IN_PLACE = ("alts", "attachments", "extra_headers", "mail_options", "rcpt_options")


class Message:
    """A message with Flask-Mail's vocabulary.

    subject
        One line of text in any script.
    recipients, cc, bcc
        Lists of "a@example.org", "Ada <a@example.org>" or ("Ada", "a@example.org").
    body, html
        The message as plain text and as HTML; a reader shows the best it can.
    alts
        More forms of the same message: text by subtype, such as {"calendar": "BEGIN:..."}.
    sender, reply_to
        One address each; without a sender the one of the settings writes.
    attachments
        A list of `Attachment`; `attach` adds one.
    date
        A datetime with its zone, or seconds since 1970; the moment of composing where None.
    charset
        What body, html and alts are written in; UTF-8 where None.
    extra_headers
        More headers by name. Message-ID and Date are used instead of ours.
    mail_options, rcpt_options
        ESMTP parameters of MAIL and RCPT, such as ["NOTIFY=FAILURE"].
    envelope_from
        Where bounces go, one address without a name: servers write it as Return-Path. "<>" is
        nowhere, the null sender; where it is None or empty, MAIL_ENVELOPE_FROM or the sender.

    template
        What it was rendered from, set by `Mail.compose`; the outbox remembers it.

    Every field can be set later. Raises `BadHeaderError` for line breaks, control characters and
    impossible header names, `MessageError` for anything else that no message can hold; both name
    the field.
    """

    subject: str
    recipients: list[Mailbox]
    body: str | None
    alts: dict[str, str]
    sender: Any
    cc: list[Mailbox]
    bcc: list[Mailbox]
    attachments: list[Attachment]
    reply_to: Any
    date: datetime | float | None
    charset: str
    extra_headers: dict[str, str]
    mail_options: list[str]
    rcpt_options: list[str]
    envelope_from: Any

    def __init__(
        self,
        subject: str | None = "",
        recipients: Iterable[Mailbox] | None = None,
        body: str | None = None,
        html: str | None = None,
        alts: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        sender: Mailbox | None = None,
        cc: Iterable[Mailbox] | None = None,
        bcc: Iterable[Mailbox] | None = None,
        attachments: Iterable[Attachment] | None = None,
        reply_to: Mailbox | None = None,
        date: datetime | float | None = None,
        charset: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
        envelope_from: Mailbox | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in CHECKS}
        for name, value in given.items():
            if value is None:
                self.__dict__[name] = UNSET[name]()
            else:
                setattr(self, name, value)
        if html is not None:
            self.html = html
        self.template: str | None = None
        self._message_id: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        check = CHECKS.get(name)
        super().__setattr__(name, check(value) if check else value)

    @property
    def html(self) -> str | None:
        """The message as HTML, one of its `alts`."""
        return self.alts.get("html")

    @html.setter
    def html(self, value: str | None) -> None:
        if value is None:
            self.alts.pop("html", None)
        else:
            self.alts = {**self.alts, "html": value}

    @property
    def msgId(self) -> str | None:  # noqa: N802 -- Flask-Mail's name
        """The Message-ID: fixed once made, None as long as no sender gives it a domain."""
        if given := _taken(dict(self.extra_headers), "message-id"):
            return given
        if self.sender is not None:
            return self._own_message_id(Address.read("sender", self.sender))
        return self._message_id

    @msgId.setter
    def msgId(self, value: str) -> None:  # noqa: N802
        self._message_id = message_id("msgId", value)

    @property
    def send_to(self) -> set[str]:
        """The bare addresses it goes to: recipients, cc and bcc, each once."""
        return set(unique_specs((*self._to("recipients"), *self._to("cc"), *self._to("bcc"))))

    def add_recipient(self, recipient: Mailbox) -> None:
        """Send it to one more address. Raises `MessageError` for what is none."""
        Address.read("recipient", recipient)
        self.recipients.append(recipient)

    def attach(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: str | bytes | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Add a file; the parameters, and what is raised, are those of `Attachment`."""
        self.attachments.append(Attachment(filename, content_type, data, disposition, headers))

    def inline(
        self,
        picture: str | PathLike[str] | bytes,
        cid: str | None = None,
        *,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> str:
        """Add a picture that the HTML shows, and return what its `src` is: `cid:...` (RFC 2392).

        picture
            The path of a file, which is read at once, or the bytes.
        cid
            The name that the HTML has behind `cid:`; one is made from the content where None.
        filename, content_type
            As in `Attachment`; the kind is told by the name, else by how the bytes begin.

        The same picture is added once. Raises `MessageError` for what cannot be read, and for a
        cid that another picture has.
        """
        new = pictures.picture(picture, cid, filename, content_type)
        if not pictures.in_place(self.attachments, new):
            self.attachments.append(new)
        return pictures.address_of(new)

    def checked(self, default_sender: str | None = None) -> CheckedMessage:
        """The complete message, every field checked again.

        default_sender
            Who writes where the message does not say.

        Raises `MessageError` for no sender and no recipient, and what setting the fields raises.
        """
        # What cannot change in place was checked when it was set, and addresses are read again.
        alts, attachments, headers, *_ = (CHECKS[n](getattr(self, n)) for n in CHANGED_IN_PLACE)
        sender = self._sender(default_sender)
        message = CheckedMessage(
            message_id=_taken(headers, "message-id") or self._own_message_id(sender),
            date=self._moment(_taken(headers, "date")),
            subject=self.subject.strip(" "),
            sender=sender,
            to=self._to("recipients"),
            cc=self._to("cc"),
            bcc=self._to("bcc"),
            reply_to=Address.read("reply_to", self.reply_to) if self.reply_to else None,
            extra_headers=headers,
            body=self.body,
            alternatives=alts,
            attachments=tuple(attachments),
            charset=self.charset,
        )
        if not message.recipients:
            raise MessageError("recipients is empty: give an address in recipients, cc or bcc.")
        return message

    def as_bytes(self) -> bytes:
        """The message as it goes over the wire, without its Bcc. Raises what `message` raises."""
        return self.checked().to_bytes()

    def as_string(self) -> str:
        """The message as text. Raises what `message` raises."""
        return self.as_bytes().decode()

    def __bytes__(self) -> bytes:
        return self.as_bytes()

    def __str__(self) -> str:
        return self.as_string()

    def __repr__(self) -> str:
        count = len(self.recipients) + len(self.cc) + len(self.bcc)
        return f"<Message {self.subject!r} recipients={count} attachments={len(self.attachments)}>"

    def _to(self, name: str) -> tuple[Address, ...]:
        mailboxes = enumerate(getattr(self, name))
        return tuple(Address.read(f"{name}[{index}]", mailbox) for index, mailbox in mailboxes)

    def _sender(self, default: str | None) -> Address:
        given = self.sender or default
        if given is None:
            raise MessageError(
                "sender is missing: give the message one or set MAIL_DEFAULT_SENDER."
            )
        return Address.read("sender", given)

    def _own_message_id(self, sender: Address) -> str:
        if self._message_id is None:
            self._message_id = f"<{secrets.token_hex(16)}@{sender.domain}>"
        return self._message_id

    def _moment(self, header: str | None) -> datetime:
        if header is None:
            return datetime.now(UTC) if self.date is None else moment("date", self.date)
        if self.date is not None:
            raise MessageError("date is given, and extra_headers has a Date too: leave one.")
        return moment("extra_headers['Date']", header)


def _taken(headers: dict[str, str], lower_name: str) -> str | None:
    """The header of that name, removed; None where there is none."""
    name = next((name for name in headers if name.lower() == lower_name), None)
    return None if name is None else headers.pop(name)
