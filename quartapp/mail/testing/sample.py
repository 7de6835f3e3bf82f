"""A message for tests."""

from __future__ import annotations

from typing import Any

from quartapp.mail.message.message import Message

__all__ = ["message"]


def message(**changes: Any) -> Message:
    """A short message from ada@example.com to bob@example.com; `changes` are `Message`'s own."""
    fields: dict[str, Any] = {
        "subject": "Tea at four",
        "sender": "Ada <ada@example.com>",
        "recipients": ["bob@example.com"],
        "body": "Dear Bob,\n\ntea is at four.\n",
    }
    return Message(**fields | changes)
