"""Waiting for messages: woken by this process, and looking once a second for what others did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.errors import MailError
from quartapp.mail.outbox.delivery import Delivery, id_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.outbox import Outbox

__all__ = ["Waiting"]

POLL = 1.0

NOBODY = (
    "nothing delivers here, so the wait would never end: start the app, or wait inside "
    "`async with mail.running():`"
)


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

    def holds(self, delivery_id: str) -> bool: ...

    def wake(self) -> None: ...


class Waiting:
    """For one message, or for all of them. Raises `MailError` where it would never end.

    patience
        For how long receivers of signals are waited for; in seconds.
    """

    def __init__(
        self, outbox: Outbox, worker: Deliverer, publisher: Publisher, patience: float
    ) -> None:
        self._outbox = outbox
        self._worker = worker
        self._publisher = publisher
        self._watchers = publisher.watchers
        self._patience = patience

    async def end_of(self, of: Delivery | str) -> Delivery:
        """The message in its final state, once receivers in this process have been told.

        Raises `LookupError`.
        """
        async for delivery in self.watch(of):
            if not delivery.is_final:
                self._check_delivery()
        await self.told(delivery.id)
        return delivery

    async def told(self, about: str | None = None) -> None:
        """Until receivers have been told of a message, or of all; a receiver waits for nobody."""
        if self._publisher.is_telling:
            return
        try:
            async with asyncio.timeout(self._patience):
                if about is not None:
                    await self._let_go(about)
                await self._publisher.told(about)
        except TimeoutError:
            return

    async def _let_go(self, delivery_id: str) -> None:
        """Until the worker has ended an attempt: its end is in the outbox before it is told."""
        with self._watchers.watching(delivery_id) as changed:
            while self._worker.holds(delivery_id):
                changed.clear()
                await _set_or_over(changed)

    async def watch(self, of: Delivery | str) -> AsyncIterator[Delivery]:
        """The message's changes, from how it stands now to a final state. Raises `LookupError`."""
        if isinstance(of, Delivery) and of.is_pruned:
            yield of
            return
        delivery_id, last = id_of(of), None
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

        What came of each attempt is recorded by then, and receivers have been told.
        """
        with self._watchers.watching("") as changed:
            while not self._worker.is_blocked or self._worker.is_recording:
                changed.clear()
                if not self._worker.is_busy and not await self._outbox.has_work():
                    break
                self._check_delivery()
                self._worker.wake()
                await _set_or_over(changed)
        await self.told()

    def _check_delivery(self) -> None:
        self._outbox.database.refuse_nested()
        if not self._worker.is_started:
            raise MailError(NOBODY)


async def _set_or_over(changed: asyncio.Event) -> None:
    """Until the event is set, or it is time to look anyway: another process may have acted."""
    try:
        async with asyncio.timeout(POLL):
            await changed.wait()
    except TimeoutError:
        return
