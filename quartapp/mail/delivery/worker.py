"""The delivery worker of one process: its transport and its dispatcher, from start to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.database.reserve import context_in_reserve
from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.delivery.dispatcher import Dispatcher
from quartapp.mail.delivery.notifier import Notifier, direct_address
from quartapp.mail.delivery.presence import Presence
from quartapp.mail.delivery.shared_logins import SharedStore, keep_looking
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.workers import WorkerState
from quartapp.mail.settings import Backend, is_suppressed
from quartapp.mail.transports import BreakerState
from quartapp.mail.transports.factory import transport_for
from quartapp.mail.transports.logins import Logins
from quartapp.mail.transports.memory import MemoryTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.clock import Clock
    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.host import Host
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport, TransportFigures

__all__ = ["Worker"]

logger = logging.getLogger(__name__)


class Worker:
    """Runs while the app serves. Outside of that, messages wait in the outbox.

    transport
        Used instead of the one that the settings ask for, and closed at the end of each run.
    """

    def __init__(
        self,
        host: Host,
        settings: MailSettings,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        *,
        transport: Transport | None = None,
    ) -> None:
        self._host = host
        self._settings = settings
        self._outbox = outbox
        self._publisher = publisher
        self._clock = clock
        self._direct = direct_address(settings.notify_url)
        self._notifier: Notifier | None = None
        self._given_transport = transport
        self._transport: Transport | None = None
        self._dispatcher: Dispatcher | None = None
        self._presence = Presence(outbox, clock, lambda: self.standing)
        self._background: list[asyncio.Task[None]] = []
        self._logins = Logins(
            settings,
            now=outbox.now,
            store=SharedStore(settings, outbox, lambda: self._dispatcher is not None),
        )

    def __repr__(self) -> str:
        return f"<Worker {self._dispatcher or 'without a dispatcher'!r} {self._transport!r}>"

    @asynccontextmanager
    async def running(
        self, server: tuple[str, int] | None = None, *, dispatch: bool | None = None
    ) -> AsyncIterator[None]:
        """Deliver until the block ends, then drain.

        server
            Host and port of the development mailbox, used instead of the settings' server.
        dispatch
            Whether messages of the outbox are delivered, or only those that are sent now; as
            MAIL_DISPATCH says by default.
        """
        self._logins.restart()
        self._transport = self._given_transport or transport_for(
            self._settings, self._clock, server, logins=self._logins
        )
        try:
            if self._settings.dispatch if dispatch is None else dispatch:
                self._dispatcher = await self._dispatching(self._transport)
            yield
        finally:
            await self._stop()

    @property
    def is_started(self) -> bool:
        """Whether it is inside `running`, also where another process delivers."""
        return self._transport is not None

    @property
    def is_running(self) -> bool:
        """Whether this process delivers."""
        return self._dispatcher is not None and self._dispatcher.is_running

    @property
    def is_blocked(self) -> bool:
        """Whether delivery is paused by an outage of the mail server."""
        return self._transport is not None and self._transport.breaker.state is BreakerState.OPEN

    @property
    def is_busy(self) -> bool:
        """Whether messages are being sent."""
        return self._dispatcher is not None and self._dispatcher.in_progress > 0

    @property
    def is_recording(self) -> bool:
        """Whether a decision about a message is still to be written."""
        return self._dispatcher is not None and self._dispatcher.is_recording

    def holds(self, delivery_id: str) -> bool:
        """Whether a message is in progress here, receivers of its signals included."""
        return self._dispatcher is not None and self._dispatcher.holds(delivery_id)

    @property
    def outage(self) -> str | None:
        """Why delivery is paused, in a sentence; None where it is not."""
        if self._dispatcher is not None and self._dispatcher.outage:
            return self._dispatcher.outage
        return self._transport.breaker.outage if self._transport else None

    @property
    def has_own_transport(self) -> bool:
        """Whether the app brought the transport, so that the settings name no server."""
        return self._given_transport is not None

    @property
    def standing(self) -> WorkerState | None:
        """How this process delivers, for a page; None where it does not."""
        if self._transport is None or not self.is_running:
            return None
        breaker, now = self._transport.breaker, self._outbox.now()
        return WorkerState(
            backend=self._outbox.backend,
            outage=self.outage or "",
            outage_since=now - timedelta(seconds=breaker.paused_for) if breaker.outage else None,
            next_attempt_at=now + timedelta(seconds=breaker.remaining)
            if breaker.remaining
            else None,
        )

    @property
    def breaker(self) -> BreakerState | None:
        """Whether messages may go to the mail server now; None outside of `running`."""
        return self._transport.breaker.state if self._transport else None

    @property
    def figures(self) -> TransportFigures | None:
        """How many connections are in use; None outside of `running`."""
        return self._transport.figures if self._transport else None

    @property
    def logins(self) -> Logins:
        """What all processes of the database know of the login."""
        store = SharedStore(self._settings, self._outbox, lambda: True)
        return Logins(self._settings, now=self._outbox.now, store=store)

    def wake(self) -> None:
        """Look at the outbox now instead of within a second, here or where messages are sent."""
        if self._dispatcher is not None:
            self._dispatcher.wake()
        elif self._transport is not None:
            self._shared_notifier().notify()

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[Transport]:
        """For a message that is sent now; a short-lived one where the app does not run."""
        if self.is_suppressed or self._transport is not None:
            yield self._transport_for(self._outbox.backend)
            return
        if self._given_transport is not None:
            yield self._given_transport
            return
        if self._settings.backend is Backend.MAILBOX:
            raise MailError(
                "the development mailbox runs only while the app does: start the app, "
                "or use `async with mail.running():`"
            )
        transport = transport_for(self._settings, self._clock, logins=self._logins)
        try:
            yield transport
        finally:
            try:
                await transport.close()
            except Exception:
                # What was sent was sent: whoever sent it must not hear that it failed.
                logger.exception("the connections could not be closed")

    @property
    def is_suppressed(self) -> bool:
        """Whether messages queued or sent now reach no server; may be switched at any time."""
        return is_suppressed(self._host.config)

    def _transport_for(self, backend: str) -> Transport:
        """A message that was suppressed when it was queued is never sent, whatever holds now."""
        if backend == SUPPRESSED:
            return MemoryTransport(SUPPRESSED)
        if self._transport is None:
            raise MailError(
                "mail is not delivered here: start the app, or `async with mail.running():`"
            )
        return self._transport

    async def _dispatching(self, transport: Transport) -> Dispatcher:
        try:
            await self._outbox.time.keep()
        except DatabaseUnavailable as error:
            logger.warning("the database's clock could not be read: %s", error)
        self._logins.restart()
        dispatcher = Dispatcher(
            self._settings,
            self._outbox,
            self._clock,
            transport=self._transport_for,
            breaker=transport.breaker,
            on_record=self._publisher.recorded,
            on_end=self._publisher.watchers.tell,
        )
        dispatcher.start()
        looking = keep_looking(self._logins, transport.breaker, dispatcher.wake)
        self._background = [
            asyncio.create_task(each, name=name, context=context_in_reserve())
            for name, each in (
                ("mail: presence", self._presence.keep_telling()),
                ("mail: logins", looking),
            )
        ]
        self._shared_notifier().listen(dispatcher.wake)
        return dispatcher

    def _shared_notifier(self) -> Notifier:
        """Made when it is needed: without one, a process that queues nothing needs no database."""
        if self._notifier is None:
            self._notifier = Notifier(self._outbox.database, self._direct, self._settings.queue)
        return self._notifier

    async def _stop(self) -> None:
        dispatcher, transport = self._dispatcher, self._transport
        if transport is None:
            return
        if self._notifier is not None:
            await self._notifier.close()
        if self._background:
            for task in self._background:
                task.cancel()
            await asyncio.wait(self._background)
            await self._presence.leave()
        if dispatcher is not None:
            await dispatcher.stop(transport.close)
        else:
            await transport.close()
        await self._publisher.settle(self._settings.drain_timeout)
        self._background = []
        self._dispatcher = self._transport = self._notifier = None
