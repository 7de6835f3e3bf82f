"""Who in this process waits for a message to change."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Watchers"]


class Watchers:
    """Events by message. A change is a hint to look; what changed is read from the outbox."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watching(self, delivery_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this message changes in this process; "" for any message."""
        changed = asyncio.Event()
        self._events.setdefault(delivery_id, set()).add(changed)
        try:
            yield changed
        finally:
            self._events[delivery_id].discard(changed)
            if not self._events[delivery_id]:
                del self._events[delivery_id]

    def tell(self, delivery_id: str) -> None:
        """Set the events of those who wait for this message, or for any."""
        for changed in self._events.get(delivery_id, set()) | self._events.get("", set()):
            changed.set()
