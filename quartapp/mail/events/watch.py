"""Waiting for messages: woken by this process, and looking once a second for what others did."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["Waiting", "Watchers"]

POLL = 1.0

NOBODY = (
    "nothing delivers here, so the wait would never end: start the app, or wait inside "
    "`async with mail.running():`"
)


class Watchers:
    """Who in this process waits for a message to change.

    A change is a hint to look; what changed is read from the outbox.
    """

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watching(self, delivery_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this message changes in this process; "" for any."""
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


class Deliverer(Protocol):
    """What waiting asks of the delivery worker.

    is_started
        Whether it is inside `running`, also where another process dispatches.
    """

    @property
    def is_started(self) -> bool: ...

    @property
    def is_blocked(self) -> bool: ...

    @property
    def is_busy(self) -> bool: ...

    @property
    def is_recording(self) -> bool: ...

    def wake(self) -> None: ...


class Waiting:
    """For one message, or for all of them. Raises `MailError` where it would never end."""

    def __init__(self, outbox: Outbox, worker: Deliverer, watchers: Watchers) -> None:
        self._outbox = outbox
        self._worker = worker
        self._watchers = watchers

    async def end_of(self, delivery_id: str) -> Delivery:
        """The message in its final state. Raises `LookupError`."""
        async for delivery in self.watch(delivery_id):
            if not delivery.is_final:
                self._check_delivery()
        return delivery

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
        """Until nothing is due and nothing is being sent, or the server has an outage.

        What came of each attempt is recorded by then.
        """
        with self._watchers.watching("") as changed:
            while not self._worker.is_blocked or self._worker.is_recording:
                changed.clear()
                if not self._worker.is_busy and not await self._outbox.has_work():
                    return
                self._check_delivery()
                self._worker.wake()
                await _set_or_over(changed)

    def _check_delivery(self) -> None:
        if not self._worker.is_started:
            raise MailError(NOBODY)


async def _set_or_over(changed: asyncio.Event) -> None:
    """Until the event is set, or it is time to look anyway: another process may have acted."""
    try:
        async with asyncio.timeout(POLL):
            await changed.wait()
    except TimeoutError:
        return
