"""The post of one process: its transport and its dispatcher, from start to stop."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.database import DatabaseUnavailable
from quartapp.mail.delivery.dispatcher import Dispatcher
from quartapp.mail.delivery.notifier import Notifier
from quartapp.mail.settings import Backend, is_suppressed
from quartapp.mail.transports.breaker import Breaker, BreakerState
from quartapp.mail.transports.memory import MemoryTransport
from quartapp.mail.transports.smtp.pool import SMTPTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quart import Quart

    from quartapp.mail.clock import Clock
    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport
    from quartapp.mail.transports.use import PoolFigures

__all__ = ["Worker"]

logger = logging.getLogger(__name__)


class Worker:
    """Runs while the app serves. Outside of that, messages wait in the outbox."""

    def __init__(
        self, app: Quart, settings: MailSettings, outbox: Outbox, publisher: Publisher, clock: Clock
    ) -> None:
        self._app = app
        self._settings = settings
        self._outbox = outbox
        self._publisher = publisher
        self._clock = clock
        self._notifier = Notifier(outbox.database)
        self._transport: SMTPTransport | None = None
        self._dispatcher: Dispatcher | None = None

    def __repr__(self) -> str:
        return f"<Worker {self._dispatcher or 'without a dispatcher'!r} {self._transport!r}>"

    @asynccontextmanager
    async def running(self, server: tuple[str, int] | None = None) -> AsyncIterator[None]:
        """Deliver until the block ends, then drain.

        server
            Host and port of the development mailbox, used instead of the settings' server.
        """
        self._transport = self._transport_to(server)
        if self._settings.dispatch:
            self._dispatcher = await self._dispatching(self._transport)
        try:
            yield
        finally:
            await self._stop()

    @property
    def is_running(self) -> bool:
        """Whether this process delivers."""
        return self._dispatcher is not None and self._dispatcher.is_running

    @property
    def is_blocked(self) -> bool:
        """Whether the mail server is left alone because of its own trouble."""
        return self._transport is not None and self._transport.breaker.state is BreakerState.OPEN

    @property
    def is_busy(self) -> bool:
        """Whether messages are in hand."""
        return self._dispatcher is not None and self._dispatcher.in_hand > 0

    @property
    def is_recording(self) -> bool:
        """Whether something that befell a message is still being written down."""
        return self._dispatcher is not None and self._dispatcher.is_recording

    @property
    def trouble(self) -> str | None:
        """Why messages wait, in a sentence; None when nothing holds them up."""
        if self._dispatcher is not None and self._dispatcher.trouble:
            return self._dispatcher.trouble
        return self._transport.breaker.trouble if self._transport else None

    @property
    def breaker(self) -> BreakerState | None:
        """What is let through to the mail server now; None outside of `running`."""
        return self._transport.breaker.state if self._transport else None

    @property
    def use(self) -> PoolFigures | None:
        """How much of the connections is in use; None outside of `running`."""
        return self._transport.use if self._transport else None

    def wake(self) -> None:
        """Look at the outbox now instead of within a second, here or where messages are sent."""
        if self._dispatcher is not None:
            self._dispatcher.wake()
        elif self._transport is not None:
            self._notifier.ring()

    @asynccontextmanager
    async def way(self) -> AsyncIterator[Transport]:
        """The way for a message that is sent now; a short-lived one where the app does not run."""
        if self.is_suppressed or self._transport is not None:
            yield self._way()
            return
        if self._settings.backend is Backend.MAILBOX:
            raise RuntimeError("the development mailbox is only there while the app runs: start it")
        transport = SMTPTransport(self._settings)
        try:
            yield transport
        finally:
            await transport.close()

    @property
    def is_suppressed(self) -> bool:
        """Whether messages go the whole way except onto the wire; may be switched at any time."""
        return is_suppressed(self._app.config)

    def _way(self) -> Transport:
        if self.is_suppressed:
            return MemoryTransport("suppressed")
        if self._transport is None:
            raise RuntimeError("the post does not run")
        return self._transport

    def _transport_to(self, server: tuple[str, int] | None) -> SMTPTransport:
        settings = _at(server, self._settings)
        breaker = Breaker(settings.breaker_first, settings.breaker_max, clock=self._clock.elapsed)
        return SMTPTransport(settings, breaker=breaker)

    async def _dispatching(self, transport: SMTPTransport) -> Dispatcher:
        try:
            await self._outbox.set_clock()
        except DatabaseUnavailable as error:
            logger.warning("the database's clock could not be read: %s", error)
        dispatcher = Dispatcher(
            self._settings,
            self._outbox,
            self._clock,
            transport=self._way,
            breaker=transport.breaker,
            on_record=self._publisher.recorded,
            on_end=self._publisher.watchers.tell,
        )
        dispatcher.start()
        self._notifier.listen(dispatcher.wake)
        return dispatcher

    async def _stop(self) -> None:
        dispatcher, transport = self._dispatcher, self._transport
        if transport is None:
            return
        await self._notifier.close()
        if dispatcher is not None:
            await dispatcher.stop(transport.close)
        else:
            await transport.close()
        await self._publisher.settle(self._settings.drain_timeout)
        self._dispatcher = self._transport = None


def _at(server: tuple[str, int] | None, settings: MailSettings) -> MailSettings:
    if server is None:
        return settings
    host, port = server
    return replace(
        settings,
        server=host,
        port=port,
        use_tls=False,
        use_ssl=False,
        username=None,
        password=None,
    )
