"""Waiting for messages: woken by this process, and looking once a second for what others did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.errors import MailError
from quartapp.mail.outbox.delivery import Delivery, id_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.workers import WorkerState
    from quartapp.mail.settings import MailSettings

__all__ = ["Waiting"]

POLL = 1.0

NOBODY = (
    "nothing delivers here, so the wait would never end: start the app, or wait inside "
    "`async with mail.running():`"
)


NO_PROCESS = (
    "no process delivers messages of this queue, so the wait would never end: start `mail work`, "
    "or set MAIL_DISPATCH=true here"
)

ABSENCE = 5.0
"""Seconds without any process that delivers after which nobody waits on; a restart takes less."""


class Deliverer(Protocol):
    """What waiting asks of the delivery worker.

    is_started
        Whether it is inside `running`, also where another process dispatches.
    """

    @property
    def is_started(self) -> bool: ...

    @property
    def is_running(self) -> bool: ...

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

    workers
        Asks which processes deliver.
    settings
        Of them, MAIL_DRAIN_TIMEOUT: for how long receivers of signals are waited for.
    """

    def __init__(
        self,
        outbox: Outbox,
        worker: Deliverer,
        workers: Callable[[], Awaitable[Sequence[WorkerState]]],
        publisher: Publisher,
        settings: MailSettings,
    ) -> None:
        self._outbox = outbox
        self._worker = worker
        self._workers = workers
        self._publisher = publisher
        self._watchers = publisher.watchers
        self._patience = settings.drain_timeout

    async def end_of(self, of: Delivery | str) -> Delivery:
        """The message in its final state, once receivers in this process have been told.

        Raises `LookupError`.
        """
        changes = [change async for change in self._changes(of, self._checks_delivery())]
        await self.told(changes[-1].id)
        return changes[-1]

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
        async for delivery in self._changes(of, _no_check):
            yield delivery

    async def _changes(
        self, of: Delivery | str, check: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[Delivery]:
        """The same; `check` is awaited whenever there is something left to wait for."""
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
                if not current.is_final:
                    await check()
                if current == last:
                    await _set_or_over(changed)
                    continue
                last = current
                yield current

    async def drain(self) -> None:
        """Until nothing is due and nothing is being sent, or the server has an outage.

        What came of each attempt is recorded by then, and receivers have been told.
        """
        check = self._checks_delivery()
        with self._watchers.watching("") as changed:
            while not self._worker.is_blocked or self._worker.is_recording:
                changed.clear()
                if not self._worker.is_busy and not await self._outbox.has_work():
                    break
                await check()
                self._worker.wake()
                await _set_or_over(changed)
        await self.told()

    def _checks_delivery(self) -> Callable[[], Awaitable[None]]:
        """A check for one wait, which raises where nothing delivers: here, or anywhere."""
        elapsed = asyncio.get_running_loop().time
        seen_at = elapsed()

        async def check() -> None:
            nonlocal seen_at
            self._outbox.database.refuse_nested()
            if not self._worker.is_started:
                raise MailError(NOBODY)
            if self._worker.is_running or await self._workers():
                seen_at = elapsed()
            elif elapsed() - seen_at > ABSENCE:
                raise MailError(NO_PROCESS)

        return check


async def _no_check() -> None:
    """Whoever only watches is content with what there is."""


async def _set_or_over(changed: asyncio.Event) -> None:
    """Until the event is set, or it is time to look anyway: another process may have acted."""
    try:
        async with asyncio.timeout(POLL):
            await changed.wait()
    except TimeoutError:
        return
