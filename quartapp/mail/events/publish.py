"""Publisher: who is told what became of messages, once it is certain."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from blinker import Signal

from quartapp.mail import signals
from quartapp.mail.events.attempt import AttemptRecord
from quartapp.mail.events.watchers import Watchers
from quartapp.mail.message.encoding import Envelope
from quartapp.mail.message.parsing import parse
from quartapp.mail.outbox.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blinker import NamedSignal

    from quartapp.mail.host import Host
    from quartapp.mail.message.message import Message
    from quartapp.mail.outbox.decision import Decision
    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["Publisher"]

logger = logging.getLogger(__name__)


class Publisher:
    """Tells the log, those who wait, recorders and receivers of signals, in this order."""

    def __init__(self, host: Host) -> None:
        self.watchers = Watchers()
        self.tried = Signal("A message was tried; the sender is a `AttemptRecord`.")
        self._host = host
        self._recorders: list[list[Message]] = []
        self._telling: set[asyncio.Task[None]] = set()

    @contextmanager
    def recording(self, outbox: list[Message] | None = None) -> Iterator[list[Message]]:
        """A list, a new one or the caller's, that grows by each message that goes out meanwhile."""
        outbox = [] if outbox is None else outbox
        self._recorders.append(outbox)
        try:
            yield outbox
        finally:
            self._recorders = [other for other in self._recorders if other is not outbox]

    def kept(self, delivery: Delivery) -> None:
        """A message was kept, and its transaction committed."""
        logger.info("message %s queued", delivery.id)
        self.watchers.tell(delivery.id)
        if signals.message_queued.receivers:
            task = asyncio.create_task(
                self._signal(signals.message_queued, delivery=delivery), name="mail: queued"
            )
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def recorded(self, decision: Decision, content: bytes | None, took: float | None) -> None:
        """A message's attempt was written down. One that was given back untried is no news."""
        if not (decision.counts or decision.is_final):
            return
        delivery = decision.delivery()
        log = logger.warning if delivery.status is not Status.SENT else logger.info
        log("message %s %s, attempt %d", delivery.id, delivery.status, delivery.attempts)
        if content is not None and decision.went_out:
            await self.dispatched(Envelope(decision.claim.sender, decision.went_out), content)
        waited = (decision.at - decision.claim.since).total_seconds()
        self.tried.send(AttemptRecord(delivery, waited, took))
        signal = _SIGNALS.get(delivery.status, signals.message_failed)
        await self._signal(signal, delivery=delivery)

    async def dispatched(self, envelope: Envelope, content: bytes) -> None:
        """A message went out, or was suppressed, to the recipients of the envelope."""
        if not (self._recorders or signals.email_dispatched.receivers):
            return
        message = parse(content, envelope)
        for outbox in self._recorders:
            outbox.append(message)
        await self._signal(signals.email_dispatched, message=message)

    async def settle(self, timeout: float) -> None:
        """Wait until everybody has been told, at most `timeout` seconds."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=timeout)
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _signal(self, signal: NamedSignal, **what: Any) -> None:
        for receiver in list(signal.receivers_for(self._host.app)):
            try:
                await self._host.ensure_async(receiver)(self._host.app, **what)
            except Exception:
                # Somebody else's code: it must undo nothing, and keep it from nobody.
                logger.exception("a receiver of %s failed", signal.name)


_SIGNALS = {Status.SENT: signals.message_sent, Status.QUEUED: signals.message_deferred}
