"""A message as a test server received it."""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

__all__ = ["ReceivedMessage", "messages_in"]

_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that the server accepted.

    sender, recipients
        The envelope's; a rejected recipient is not among them.
    content
        The message's bytes, without dot-stuffing.
    message_id
        From its headers, "" where there is none.
    connection
        The number of its connection, the first being 1.
    at
        When the server accepted it.
    options
        The parameters of MAIL, such as `SMTPUTF8`.
    encrypted
        Whether it came over TLS.
    username
        Who was logged in, None without a login.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    message_id: str
    connection: int
    at: datetime
    options: tuple[str, ...] = ()
    encrypted: bool = False
    username: str | None = None

    @property
    def message(self) -> EmailMessage:
        """The content, parsed."""
        return email.message_from_bytes(self.content, policy=email.policy.SMTP)

    def as_json(self) -> str:
        """The message as one line of JSON, which `from_json` turns back into an equal one."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["content"] = self.content.decode("ascii", "surrogateescape")
        fields["at"] = self.at.isoformat()
        return json.dumps(fields)

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """The message that `as_json` wrote."""
        fields = json.loads(line)
        fields["recipients"] = tuple(fields["recipients"])
        fields["options"] = tuple(fields["options"])
        fields["content"] = fields["content"].encode("ascii", "surrogateescape")
        fields["at"] = datetime.fromisoformat(fields["at"])
        return cls(**fields)


def messages_in(log: Path) -> list[ReceivedMessage]:
    """The messages that `python -m quartapp.mail.testing --log` has written so far."""
    if not log.exists():
        return []
    whole_lines = log.read_bytes().split(b"\n")[:-1]
    return [ReceivedMessage.from_json(line) for line in whole_lines]


def message_id_of(content: bytes) -> str:
    """The Message-ID in a message's headers, "" where there is none."""
    headers, _, _ = content.partition(b"\r\n\r\n")
    found = _MESSAGE_ID.search(headers)
    return found[1].decode("ascii", "replace") if found else ""
