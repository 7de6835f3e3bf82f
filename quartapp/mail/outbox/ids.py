"""The ids of messages: unguessable, and in the order in which messages were queued."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["first_id", "new_id"]


def new_id() -> str:
    """A message's id: unguessable (80 random bits), and in the order in which messages were queued.

    The layout is that of RFC 9562's version 7 without its version and variant bits.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def first_id(moment: datetime) -> str:
    """The lowest id that a message queued at this moment can have."""
    return f"{int(moment.timestamp() * 1000):012x}"
