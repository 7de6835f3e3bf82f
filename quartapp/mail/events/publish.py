"""Publisher: who is told what became of messages, once it is certain."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blinker import Signal

from quartapp.mail import signals
from quartapp.mail.events import log
from quartapp.mail.message.encoding import Envelope
from quartapp.mail.message.parsing import parse
from quartapp.mail.outbox.delivery import decisive
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.submission import OFF_THE_LOOP

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Coroutine,
        Iterable,
        Iterator,
        Sequence,
    )

    from blinker import NamedSignal

    from quartapp.mail.host import Host
    from quartapp.mail.message.message import Message
    from quartapp.mail.outbox.decision import Decision
    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["AttemptRecord", "Publisher", "Watchers"]

logger = logging.getLogger(__name__)

AT_ONCE = 20
"""Messages of one transaction that receivers are told of before others have a turn."""


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What became of a message in one attempt, for those who count and measure.

    waited
        Seconds since the message was first due: queued, `at`, or retried by a person.
    took
        Seconds that the server had it, from MAIL to the reply to the end of data; None if it
        never got that far.
    """

    delivery: Delivery
    waited: float
    took: float | None

    @property
    def code(self) -> int | None:
        """The server's reply code that decided, None if it was no reply."""
        recipient = decisive(self.delivery)
        return recipient.code if recipient else None


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


class Publisher:
    """Tells the log, those who wait, recorders and receivers of signals, in this order.

    Receivers are called in tasks of their own, so that what they do, and the context that the
    change was made in, stay apart.
    """

    def __init__(self, host: Host) -> None:
        self.watchers = Watchers()
        self.tried = Signal("A message was attempted; the sender is an `AttemptRecord`.")
        self._host = host
        self._recorders: list[list[Message]] = []
        # Each with the messages that it is about.
        self._telling: dict[asyncio.Task[None], Collection[str]] = {}

    @contextmanager
    def recording(self, outbox: list[Message] | None = None) -> Iterator[list[Message]]:
        """A list, a new one or the caller's, that grows by each message that goes out meanwhile."""
        outbox = [] if outbox is None else outbox
        self._recorders.append(outbox)
        try:
            yield outbox
        finally:
            self._recorders = [other for other in self._recorders if other is not outbox]

    def queued(self, *deliveries: Delivery) -> None:
        """Messages were stored, and their transaction has committed."""
        log.together("queued", deliveries)
        self.changed(delivery.id for delivery in deliveries)
        self._tell_all(signals.message_queued, deliveries)

    def suppressed(self, *stored: tuple[Delivery, Message]) -> None:
        """Messages were stored as sent, and their transaction has committed."""
        deliveries = [delivery for delivery, _ in stored]
        self.queued(*deliveries)
        log.together("sent", deliveries)
        for delivery, message in stored:
            self._record(message, about=delivery.id)
        self._tell_all(signals.message_sent, deliveries)

    async def recorded(self, decision: Decision, content: bytes | None, took: float | None) -> None:
        """An attempt was recorded; returns when receivers have been told.

        A message that was released before its attempt is no news, nor is one that goes on at once
        with other recipients. That it went out is told once, when its claim is given up.
        """
        if decision.is_held:
            return
        delivery = decision.delivery()
        is_news = (decision.counts or decision.is_final) and not decision.goes_on
        if is_news:
            log.attempted(delivery, took)
        if content is not None and decision.went_out:
            await self.sent_from_outbox(Envelope(decision.claim.sender, decision.went_out), content)
        if not is_news:
            return
        waited = (decision.at - decision.claim.since).total_seconds()
        self.tried.send(AttemptRecord(delivery, waited, took))
        signal = _SIGNALS[delivery.status]
        await _ended(self._tell(signal, about=delivery.id, delivery=delivery))

    async def dispatched(self, message: Message) -> None:
        """A message was sent now, or suppressed; returns when receivers have been told."""
        await _ended(self._record(message))

    async def sent_from_outbox(self, envelope: Envelope, content: bytes) -> None:
        """A message of the outbox went out to the recipients of the envelope.

        Returns when receivers have been told, with a message that is read from its bytes.
        """
        if not (self._recorders or signals.email_dispatched.has_receivers_for(self._host.app)):
            return
        try:
            message = await _read(content, envelope)
        except Exception:
            # It went out, whatever can be read of it: whoever sent it must not hear that it failed.
            logger.exception("a message that was sent cannot be read again for receivers")
        else:
            await self.dispatched(message)

    def stopped(self, deliveries: Sequence[Delivery]) -> None:
        """Messages ended because they were cancelled, and not with an attempt.

        Each is told of by the state that it is in now: one that some recipients had rejected has
        failed.
        """
        for status, signal in _SIGNALS.items():
            some = [delivery for delivery in deliveries if delivery.status is status]
            if some:
                log.together(status, some)
                self.changed(delivery.id for delivery in some)
                self._tell_all(signal, some)

    def changed(self, ids: Iterable[str]) -> None:
        """Somebody retried or cancelled these messages."""
        for delivery_id in ids:
            self.watchers.tell(delivery_id)

    @property
    def is_telling(self) -> bool:
        """Whether a receiver asks, who must not wait for receivers: it would wait for itself."""
        return asyncio.current_task() in self._telling

    async def told(self, about: str | None = None) -> None:
        """Wait until receivers have been told what there is to tell.

        about
            The id of a message; None for all of them.
        """
        loop = asyncio.get_running_loop()
        # Again and again: of many messages receivers are told one by one.
        while tasks := [
            task
            for task, ids in self._telling.items()
            if (about is None or about in ids) and task.get_loop() is loop
        ]:
            await asyncio.wait(tasks)

    async def settle(self, timeout: float) -> None:
        """Wait until everybody has been told, and stop telling after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self.told()
        except TimeoutError:
            for task in self._telling:
                task.cancel()
            await asyncio.gather(*self._telling, return_exceptions=True)

    def _record(self, message: Message, about: str = "") -> list[asyncio.Task[None]]:
        for outbox in self._recorders:
            outbox.append(message)
        return self._tell(signals.email_dispatched, about=about, message=message)

    def _tell_all(self, signal: NamedSignal, deliveries: Sequence[Delivery]) -> None:
        """The same signal for each of these messages, and between them others have a turn."""
        if len(deliveries) == 1:
            self._tell(signal, about=deliveries[0].id, delivery=deliveries[0])
        elif signal.receivers:
            ids = {delivery.id for delivery in deliveries}
            self._start(self._tell_in_turns(signal, deliveries), f"mail: {signal.name}", ids)

    async def _tell_in_turns(self, signal: NamedSignal, deliveries: Sequence[Delivery]) -> None:
        for number, delivery in enumerate(deliveries, 1):
            self._tell(signal, about=delivery.id, delivery=delivery)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _tell(self, signal: NamedSignal, *, about: str, **what: Any) -> list[asyncio.Task[None]]:
        receivers = signal.receivers_for(self._host.app) if signal.receivers else ()
        return [
            self._start(self._call(signal.name, receiver, what), f"mail: {signal.name}", (about,))
            for receiver in list(receivers)
        ]

    def _start(
        self, telling: Coroutine[Any, Any, None], name: str, about: Collection[str]
    ) -> asyncio.Task[None]:
        # A context of its own: a receiver must see no request, whoever caused the change.
        task = asyncio.create_task(telling, name=name, context=Context())
        self._telling[task] = about
        task.add_done_callback(self._telling.pop)
        return task

    async def _call(self, name: str, receiver: Callable[..., Any], what: dict[str, Any]) -> None:
        try:
            async with self._host.app_context():
                await self._host.ensure_async(receiver)(self._host.app, **what)
        except Exception:
            # Not our code: it must undo nothing, and hold the news back from no other receiver.
            logger.exception("a receiver of %s failed", name)


_SIGNALS = {
    Status.SENT: signals.message_sent,
    Status.QUEUED: signals.message_deferred,
    Status.FAILED: signals.message_failed,
    Status.UNCERTAIN: signals.message_uncertain,
    Status.CANCELLED: signals.message_cancelled,
}


async def _read(content: bytes, envelope: Envelope) -> Message:
    """The message that was sent; a large one is read in a thread, so that the loop goes on."""
    if len(content) > OFF_THE_LOOP:
        return await asyncio.to_thread(parse, content, envelope)
    return parse(content, envelope)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)
