"""The fields of a message: mutable, and checked when they are set."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Self

from quartapp.mail.addresses import Address, unique_specs
from quartapp.mail.message import defaults
from quartapp.mail.message.fields import CHECKS, UNSET
from quartapp.mail.message.headers import taken
from quartapp.mail.message.message_ids import message_id, thread, thread_of
from quartapp.mail.message.named_headers import named_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.attachment import Attachment
    from quartapp.mail.message.message_ids import Answered

__all__ = ["MessageFields"]


class MessageFields:
    """What a message is made of; `Message` says what each field is."""

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
    unsubscribe: Any
    importance: str | None
    in_reply_to: Any
    _thread: tuple[str, ...] = ()

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
        *,
        unsubscribe: str | Iterable[str] | None = None,
        importance: str | None = None,
        references: Answered | None = None,
        in_reply_to: Answered | None = None,
    ) -> None:
        if sender is None or sender == "":
            sender = defaults.current().default_sender
        given, fields = locals(), self.__dict__
        for name, unset in UNSET.items():
            value = given[name]
            if value is None:
                fields[name] = unset()
            else:
                setattr(self, name, value)
        if html is not None:
            self.html = html
        self.template: str | None = None
        self._message_id: str | None = None
        self._unique = secrets.token_hex(16)
        self.named_headers(self.extra_headers)

    def __setattr__(self, name: str, value: Any) -> None:
        check = CHECKS.get(name)
        super().__setattr__(name, check(value) if check else value)
        if name == "in_reply_to":
            self._thread = thread_of(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageFields):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        # Without the domain, which comes with the sender.
        return hash(self._identity.partition("@")[0])

    def __copy__(self) -> Self:
        """The same message, with lists of its own: as it is now, whatever becomes of this one."""
        twin = type(self).__new__(type(self))
        for name, value in self.__dict__.items():
            twin.__dict__[name] = value.copy() if isinstance(value, list | dict) else value
        return twin

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
    def references(self) -> tuple[str, ...]:
        """The ids of its thread, the oldest first, and last what it answers."""
        if not (self.in_reply_to or self.__dict__["references"]):
            return ()
        return thread(self.__dict__["references"] or self._thread, self.in_reply_to)

    @references.setter
    def references(self, value: Any) -> None:
        self.__dict__["references"] = value

    @property
    def msgId(self) -> str | None:  # noqa: N802 -- Flask-Mail's name
        """The Message-ID: fixed once made, None as long as no sender gives it a domain."""
        if given := taken(dict(self.extra_headers), "message-id"):
            return given
        if self.sender is not None:
            return self.own_message_id(Address.read("sender", self.sender))
        return self._message_id

    @msgId.setter
    def msgId(self, value: str) -> None:  # noqa: N802
        self._message_id = message_id("msgId", value)

    @property
    def send_to(self) -> set[str]:
        """The bare addresses it goes to: recipients, cc and bcc, each once."""
        return set(
            unique_specs(
                (
                    *self.addresses_of("recipients"),
                    *self.addresses_of("cc"),
                    *self.addresses_of("bcc"),
                )
            )
        )

    def complete(self, default_sender: str | None) -> None:
        """Fill in the sender and the date that it is sent with, where it says none."""
        if not self.sender and default_sender:
            self.sender = default_sender
        if self.date is None and not any(name.lower() == "date" for name in self.extra_headers):
            self.__dict__["date"] = time.time()

    def addresses_of(self, name: str) -> tuple[Address, ...]:
        """The addresses of one of the three."""
        mailboxes = enumerate(getattr(self, name))
        return tuple(Address.read(f"{name}[{index}]", mailbox) for index, mailbox in mailboxes)

    def named_headers(self, extra_headers: Iterable[str]) -> dict[str, str]:
        """The headers that fields write. Raises `MessageError` for one that is an extra one too."""
        return named_headers(
            extra_headers,
            unsubscribe=self.unsubscribe,
            importance=self.importance,
            in_reply_to=self.in_reply_to,
            references=self.references,
        )

    def own_message_id(self, sender: Address) -> str:
        """The Message-ID that is made where none is given: once, with the sender's domain."""
        if self._message_id is None:
            self._message_id = f"<{self._unique}@{sender.domain}>"
        return self._message_id

    @property
    def _identity(self) -> str:
        """The Message-ID, without its domain as long as it has none."""
        given = taken(dict(self.extra_headers), "message-id")
        return given or self._message_id or f"<{self._unique}@"
