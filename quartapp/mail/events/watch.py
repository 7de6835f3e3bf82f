"""Waiting for messages: woken by this process, and looking once a second for what others did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.events.watchers import Watchers
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["Waiting"]

POLL = 1.0


class Delivering(Protocol):
    """What waiting asks of the delivery worker."""

    @property
    def is_blocked(self) -> bool:
        """Whether delivery is paused by an outage of the mail server."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether messages are being sent."""
        ...

    @property
    def is_recording(self) -> bool:
        """Whether a decision about a message is still to be written."""
        ...

    def wake(self) -> None:
        """Look at the outbox now."""
        ...


class Waiting:
    """For one message, or for all of them."""

    def __init__(self, outbox: Outbox, worker: Delivering, watchers: Watchers) -> None:
        self._outbox = outbox
        self._worker = worker
        self._watchers = watchers

    async def end_of(self, delivery_id: str) -> Delivery:
        """The message in its final state. Raises `LookupError`."""
        changes = [delivery async for delivery in self.watch(delivery_id)]
        return changes[-1]

    async def watch(self, delivery_id: str) -> AsyncIterator[Delivery]:
        """The message's changes, from how it stands now to a final state. Raises `LookupError`."""
        last = None
        with self._watchers.watching(delivery_id) as changed:
            while last is None or not last.is_final:
                changed.clear()
                current = await self._outbox.get(delivery_id)
                if current is None:
                    raise LookupError(f"there is no message {delivery_id}, or it is not committed")
                if current == last:
                    await _set_or_over(changed)
                    continue
                last = current
                yield current

    async def drain(self) -> None:
        """Until nothing is due and nothing is on the wire, or the server is in trouble.

        What has befallen a message until then is written down.
        """
        with self._watchers.watching("") as changed:
            while not self._worker.is_blocked or self._worker.is_recording:
                changed.clear()
                if not self._worker.is_busy and not await self._outbox.has_work():
                    return
                self._worker.wake()
                await _set_or_over(changed)


async def _set_or_over(changed: asyncio.Event) -> None:
    """Until the event is set, or it is time to look anyway: another process may have acted."""
    try:
        async with asyncio.timeout(POLL):
            await changed.wait()
    except TimeoutError:
        return
