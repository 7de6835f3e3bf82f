"""What the mailbox knows of a message without opening it: one line in front of its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

__all__ = ["Entry"]

LABEL = b"X-Quartapp-Envelope: "

LONGEST_SEARCH = 200
"""Characters of a search that are looked for, in each message."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in the list.

    id
        Unguessable; ids sort by the time of arrival.
    sender, recipients
        The envelope's (RFC 5321 section 2.3.1), not the headers'.
    size
        Bytes of the message as it was sent.
    """

    LISTED: ClassVar[int] = 100
    """How many recipients are listed for programs, of each message."""

    id: str
    message_id: str
    subject: str
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    size: int

    def has(self, words: str) -> bool:
        """Whether all of these words stand in its subject or its addresses, in any case."""
        place = " ".join([self.subject, self.sender, *self.recipients]).casefold()
        return all(word in place for word in words[:LONGEST_SEARCH].casefold().split())

    def as_json(self) -> dict[str, Any]:
        """The entry as `/dev/mail/messages.json` shows it: the first recipients, and their number.

        It does not grow with them.
        """
        recipients = self.recipients[: self.LISTED]
        return self._fields(recipients) | {"recipient_count": len(self.recipients)}

    def as_line(self) -> bytes:
        """The entry as a header line, so that the file remains a message to other programs."""
        fields = self._fields(self.recipients)
        return LABEL + json.dumps(fields).encode("ascii") + b"\r\n"

    def _fields(self, recipients: tuple[str, ...]) -> dict[str, Any]:
        return {
            "id": self.id,
            "message_id": self.message_id,
            "subject": self.subject,
            "sender": self.sender,
            "recipients": list(recipients),
            "received_at": self.received_at.isoformat(),
            "size": self.size,
        }

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """The entry in a file's first line. Raises `ValueError` when there is none."""
        if not line.startswith(LABEL) or not line.endswith(b"\r\n"):
            raise ValueError("the file does not begin with an envelope of ours")
        try:
            fields = json.loads(line.removeprefix(LABEL))
            fields["recipients"] = tuple(fields["recipients"])
            fields["received_at"] = datetime.fromisoformat(fields["received_at"])
            return cls(**fields)
        except (LookupError, RecursionError, TypeError) as error:
            raise ValueError("the file's envelope is not one of ours") from error
