"""The message that a program writes: what `quartapp.mail.Message` does with its fields."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol, TypeVar

from quartapp.mail.addresses import Address
from quartapp.mail.message import defaults, pictures
from quartapp.mail.message.attachment import Attachment
from quartapp.mail.message.composing import composed
from quartapp.mail.message.fields import has_bad_headers
from quartapp.mail.message.message_fields import MessageFields

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from os import PathLike

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.attachment import Data
    from quartapp.mail.message.checked import CheckedMessage
    from quartapp.mail.message.headers import Headers

__all__ = ["Message"]

T_co = TypeVar("T_co", covariant=True)


class Sends(Protocol[T_co]):
    """What `Mail.connect` gives."""

    def send(self, message: Message, /) -> Awaitable[T_co]: ...


class Message(MessageFields):
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
        One address each; without a sender that of the current app's settings, and where there is
        none that of the app that sends it.
    attachments
        A list of `Attachment`; `attach` adds one.
    date
        A datetime with its zone, or seconds since 1970; when it is sent or queued where None.
    charset
        What body, html and alts are written in; UTF-8 where None.
    extra_headers
        More headers by name. Message-ID and Date are used instead of ours.
    mail_options, rcpt_options
        ESMTP parameters of MAIL and RCPT, such as ["NOTIFY=FAILURE"].
    envelope_from
        Where bounces go, one address without a name: servers write it as Return-Path. "<>" is
        nowhere, the null sender; where it is None or empty, MAIL_ENVELOPE_FROM or the sender.
    unsubscribe
        Where a reader unsubscribes: an https or a mailto link, or a list of them. An https one is
        posted to with one click (RFC 8058).
    importance
        "high", "normal" or "low": how mail programs show it. No server sends it any sooner.
    in_reply_to
        What it answers: a Message-ID, a `Message`, or a list of them; read as a tuple of ids.
    references
        The ids of its thread, the oldest first, given likewise. What it answers is put at the end,
        and where nothing is given, behind the references of a `Message` that it answers. Of a long
        thread the first id and the newest 49 are left (RFC 5322 section 3.6.4).

    template
        What it was rendered from, set by `Mail.compose`; the outbox remembers it.

    Every field can be set later. Raises `BadHeaderError` for line breaks, control characters and
    impossible header names, `MessageError` for anything else that no message can hold; both name
    the field. Messages are equal that have the same Message-ID.
    """

    def add_recipient(self, recipient: Mailbox) -> None:
        """Send it to one more address. Raises `MessageError` for what is none."""
        Address.read("recipient", recipient)
        self.recipients.append(recipient)

    def attach(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: Data | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
        *,
        path: str | PathLike[str] | None = None,
    ) -> None:
        """Add a file; the parameters, and what is raised, are those of `Attachment`."""
        self.attachments.append(
            Attachment(filename, content_type, data, disposition, headers, path=path)
        )

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

    async def send(self, connection: Sends[T_co]) -> T_co:
        """Send it on a connection; see `Connection.send`."""
        return await connection.send(self)

    def has_bad_headers(self) -> bool:
        """Whether a line break got into a list after it was set; elsewhere none is ever taken."""
        return has_bad_headers(self)

    def is_bad_headers(self) -> bool:
        """Flask-Mail's old name of `has_bad_headers`."""
        warnings.warn(
            "is_bad_headers is deprecated: use has_bad_headers", DeprecationWarning, stacklevel=2
        )
        return self.has_bad_headers()

    def checked(self, default_sender: str | None = None) -> CheckedMessage:
        """The complete message, every field checked again.

        default_sender
            Who writes where the message does not say.

        Raises `MessageError` for no sender and no recipient, and what setting the fields raises.
        """
        return composed(self, default_sender)

    def as_bytes(self) -> bytes:
        """What the current app sends, without its Bcc. Raises what `checked` raises."""
        app = defaults.current()
        return self.checked(app.default_sender).to_bytes(ascii_names=app.ascii_attachments)

    def as_string(self) -> str:
        """The same as text. Raises what `checked` raises."""
        return self.as_bytes().decode()

    def __bytes__(self) -> bytes:
        return self.as_bytes()

    def __str__(self) -> str:
        return self.as_string()

    def __repr__(self) -> str:
        count = len(self.recipients) + len(self.cc) + len(self.bcc)
        return f"<Message {self.subject!r} recipients={count} attachments={len(self.attachments)}>"
