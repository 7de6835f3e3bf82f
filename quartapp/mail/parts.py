"""The parts of one app's mail, made from its settings and connected with each other."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from quartapp.mail.addresses import Address
from quartapp.mail.clock import SystemClock
from quartapp.mail.delivery.staging import stage
from quartapp.mail.delivery.worker import Worker
from quartapp.mail.errors import MailError
from quartapp.mail.events.publish import Publisher
from quartapp.mail.events.watch import Waiting
from quartapp.mail.host import is_development
from quartapp.mail.outbox import Outbox
from quartapp.mail.outbox.before_send import BeforeSend
from quartapp.mail.outbox.border import mail_errors
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.source import DatabaseSource
from quartapp.mail.outbox.submission import Submission
from quartapp.mail.run import Run
from quartapp.mail.settings import Backend, MailSettings, Upgrade, is_suppressed
from quartapp.mail.transports.factory import at_mailbox
from quartapp.mail.transports.smtp.checkup import Finding, Level, Route, Step, check
from quartapp.settings.folder import default_folder, warn_of_readers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from quartapp.mail.clock import Clock
    from quartapp.mail.host import Host
    from quartapp.mail.mailbox.mailbox import Mailbox
    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.source import Engine
    from quartapp.mail.transports import Transport

__all__ = ["Parts"]


class Parts:
    """What `MailService` consists of; its arguments are the same.

    folder
        Where the SQLite file and the mailbox are, where no other place is set.
    """

    def __init__(
        self,
        host: Host,
        engine: Engine | Callable[[], Engine] | None,
        transport: Transport | None,
        clock: Clock | None,
    ) -> None:
        self._host = host
        clock = clock or SystemClock()
        self.settings = MailSettings.from_config(host.config)
        self.folder = _folder(host)
        self.source = DatabaseSource(host, self.folder, engine)
        self.publisher = Publisher(host)
        self.outbox = Outbox(
            self.source,
            self.settings,
            clock,
            is_suppressed=lambda: is_suppressed(host.config),
            makes_tables=self._makes_tables,
            on_stopped=self.publisher.stopped,
        )
        self.worker = Worker(
            host, self.settings, self.outbox, self.publisher, clock, transport=transport
        )
        self.before_send = BeforeSend(host)
        self.submission = Submission(
            self.settings,
            self.outbox,
            clock,
            before_send=self.before_send,
            on_queued=self._queued,
            on_suppressed=self.publisher.suppressed,
        )
        self.report = Report(self.outbox, self.changed, lambda: self.worker.standing)
        self.waiting = Waiting(
            self.outbox, self.worker, self.report.workers, self.publisher, self.settings
        )
        # One worker, however many wait for it at once.
        self._ending = Run(lambda: self.worker.running(dispatch=True))
        self._mailbox: Mailbox | None = None

    @property
    def mailbox(self) -> Mailbox:
        """The development mailbox."""
        if self._mailbox is None:
            # Only here: it brings an SMTP server along.
            from quartapp.mail.mailbox.mailbox import Mailbox

            self._mailbox = Mailbox(self.folder, self.settings.max_size)
        return self._mailbox

    @asynccontextmanager
    async def running(self, *, dispatch: bool) -> AsyncIterator[None]:
        """Run the delivery worker, and the mailbox's server where that is the backend."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.source.close)
            if dispatch or self.settings.upgrade is not Upgrade.AUTO:
                await self.prepare()
            server = None
            if self.settings.backend is Backend.MAILBOX:
                self._check_folder()
                catcher = await stack.enter_async_context(self.mailbox.catcher())
                server = ("127.0.0.1", catcher.port)
            await stack.enter_async_context(self.worker.running(server, dispatch=dispatch))
            yield

    def _check_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            reason = "" if os.access(self.folder, os.W_OK | os.X_OK) else "not writable"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise MailError(
                f"the folder {self.folder} of the development mailbox cannot be used ({reason}): "
                "set QUARTAPP_INSTANCE to a folder that can be written"
            )
        warn_of_readers(self.folder)

    async def prepare(self) -> None:
        """Bring the tables up to date or check them. Raises `MailError` with the cure."""
        with mail_errors():
            await self.outbox.prepare(is_development=is_development(self._host.config))

    async def drain(self) -> None:
        """Wait until nothing is due, and end suppressed messages where nobody else would."""
        if (self.worker.is_started and not self._ending.is_used) or not self.worker.is_suppressed:
            await self.waiting.drain()
        elif await self.outbox.has_work():
            await self._ending.enter()
            try:
                await self.waiting.drain()
            finally:
                await self._ending.leave()
        else:
            await self.waiting.told()

    async def check(self, to: str | None) -> AsyncIterator[Finding]:
        """Walk to where messages go, as far as a recipient. See `MailService.check`."""
        settings, now = self.settings, self.outbox.now()
        given = Address.read("the recipient", to).spec if to else None
        if given and stage((given,), settings).held_back:
            words = f"MAIL_ALLOWED_RECIPIENTS holds messages to {given} back"
            yield Finding(Step.SETTINGS, Level.FAILED, words)
            return
        routes = self._routes(given)
        async with AsyncExitStack() as stack:
            if settings.backend is Backend.MAILBOX:
                self._check_folder()
                catcher = await stack.enter_async_context(self.mailbox.catcher())
                settings = at_mailbox(settings, ("127.0.0.1", catcher.port))
            async for finding in check(settings, now, routes):
                if finding.step is Step.LOGIN and finding.is_ok and settings.username:
                    await self._end_pause_of_logins()
                yield finding

    async def _end_pause_of_logins(self) -> None:
        """Somebody has logged in by hand: every process may do so again."""
        if self.source.is_there:
            await self.worker.logins.accepted()
            if not self.worker.is_started:
                await self.source.close()

    def _routes(self, given: str | None) -> list[Route]:
        """From each sender of the settings to a recipient, redirected as messages are."""
        names = {"MAIL_DEFAULT_SENDER": self.settings.default_sender}
        names["FLASKY_MAIL_SENDER"] = self.settings.template_sender
        senders: dict[str, str] = {}
        for name, written in names.items():
            if written:
                senders.setdefault(Address.read(name, written).spec, name)
        if not senders and given:
            senders[given] = "MAIL_DEFAULT_SENDER"
        routes = []
        envelope = self.settings.envelope_from
        for sender, name in senders.items():
            recipient = given or sender
            for actual in stage((recipient,), self.settings).envelope_recipients or (recipient,):
                is_asked_for = given is not None or actual != sender
                named = (envelope, "MAIL_ENVELOPE_FROM") if envelope else (sender, name)
                routes.append(Route(*named, actual, is_asked_for=is_asked_for))
        return routes

    def changed(self, ids: list[str]) -> list[str]:
        """Tell everyone who waits that these messages were changed; returns their ids."""
        self.worker.wake()
        self.publisher.changed(ids)
        return ids

    def _queued(self, *deliveries: Delivery) -> None:
        self.worker.wake()
        self.publisher.queued(*deliveries)

    def _makes_tables(self) -> bool:
        is_allowed = self.settings.upgrade is not Upgrade.NEVER
        return is_allowed and is_development(self._host.config)


def _folder(host: Host) -> Path:
    given = host.config.get("QUARTAPP_INSTANCE")
    return Path(given) if given else default_folder(host.folder, host.name)
