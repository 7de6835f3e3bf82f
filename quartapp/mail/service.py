"""The mail service of one app: all that the app says about messages. It runs without Quart too."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from quartapp.mail.choices import Priority
from quartapp.mail.delivery.connection import connected
from quartapp.mail.message.message import Message
from quartapp.mail.parts import Parts
from quartapp.mail.rendering import compose
from quartapp.mail.run import Run
from quartapp.mail.state import MailState
from quartapp.mail.stored import StoredMessages

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.mail import addresses
    from quartapp.mail.clock import Clock
    from quartapp.mail.delivery.connection import Connection
    from quartapp.mail.host import Host
    from quartapp.mail.mailbox.mailbox import Mailbox
    from quartapp.mail.outbox.delivery import Delivery, Receipt
    from quartapp.mail.outbox.source import Engine
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport
    from quartapp.mail.transports.smtp.checkup import Finding

    To = str | Iterable[str]

__all__ = ["MailService"]


class MailService(StoredMessages, MailState):
    """The mail service of one app, which `Mail.init_app` makes for a Quart app.

    host
        The app: its settings, and what signals and templates need.
    engine
        The database that the app uses: an AsyncEngine, a `Database`, or a callable that gives
        either, asked at the start or at the first use. Without it `DATABASE_URL`, and without that
        an SQLite file in the app's folder.
    transport
        What carries messages; an SMTP pool by default.
    clock
        What time it is; the machine's own by default.

    Nothing of asyncio is made here, so that one service may run in one event loop after another.
    Raises `SettingError`, a `ValueError`, for settings that make no sense.
    """

    def __init__(
        self,
        host: Host,
        *,
        engine: Engine | Callable[[], Engine] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        parts = Parts(host, engine, transport, clock)
        super().__init__(parts)
        self._host = host
        self.folder = parts.folder
        self.publisher = parts.publisher
        self.worker = parts.worker
        self.before_send = parts.before_send.add
        self.report = parts.report
        self.dispatches = self.settings.dispatch
        self._run = Run(lambda: parts.running(dispatch=self.dispatches), parts.source.check)

    def __repr__(self) -> str:
        return f"<MailService {self.host.name} {self.settings.backend} {self.worker!r}>"

    @property
    def host(self) -> Host:
        """The app."""
        return self._host

    @property
    def settings(self) -> MailSettings:
        """The app's mail settings."""
        return self._parts.settings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver until the block ends, then finish what is in progress.

        It may be entered while it runs, and again after it has ended, in any event loop. Raises
        `MailError` when it cannot start: the sentence says why.
        """
        await self._run.enter()
        try:
            yield
        finally:
            await self._run.leave()

    async def start(self) -> None:
        """Enter `running`, for whoever has no block to hold it."""
        await self._run.enter()

    async def stop(self) -> None:
        """Leave `running` again."""
        await self._run.leave()

    def is_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it runs in this event loop."""
        return self._run.is_in(loop)

    @property
    def mailbox(self) -> Mailbox:
        """The development mailbox: `store` holds its messages, `chaos` what is done to them."""
        return self._parts.mailbox

    async def compose(
        self, /, to: To, subject: str | None, template: str, *, locale: Any = None, **context: Any
    ) -> Message:
        """Render a template pair into a message: `template` + ".txt" and ".html".

        subject
            It gets `FLASKY_MAIL_SUBJECT_PREFIX` in front. None: it is that of `template` +
            ".subject.txt", or of a block "subject" in the templates.
        locale
            A language tag such as "de-AT" prefers `template` + ".de-AT.html", then ".de.html".

        The sender is `FLASKY_MAIL_SENDER`. Raises `MessageError` for templates that are missing or
        miss something, no subject and a wrong locale, and what the templates raise.
        """
        return await compose(self.host, self.settings, to, subject, template, context, locale)

    async def send_email(
        self,
        /,
        to: To,
        subject: str | None,
        template: str,
        *,
        locale: Any = None,
        session: AsyncSession | None = None,
        at: datetime | timedelta | None = None,
        expires: datetime | timedelta | None = None,
        key: str | None = None,
        priority: str = Priority.NORMAL,
        **context: Any,
    ) -> Delivery:
        """The book's function, awaitable: `compose` a message, and `send_later`.

        Returns when the message is queued; it is sent as soon as its transaction has committed.
        """
        written = await self.compose(to, subject, template, locale=locale, **context)
        return await self.send_later(
            written, session=session, at=at, expires=expires, key=key, priority=priority
        )

    async def send_later(
        self,
        message: Message,
        *,
        session: AsyncSession | None = None,
        at: datetime | timedelta | None = None,
        expires: datetime | timedelta | None = None,
        key: str | None = None,
        priority: str = Priority.NORMAL,
    ) -> Delivery:
        """Store a message in the outbox, to be sent as soon as its transaction has committed.

        session
            The transaction to join: rolled back, the message never existed.
        at, expires
            Not to be sent before, and given up after: aware datetimes, or timedeltas from now.
        key
            The caller's own name for the message. The same key again stores nothing new and
            returns the first Delivery.
        priority
            "high", "normal" or "low": see docs/priority.md.

        Raises `MessageError` for a message that cannot be sent; `MailError` for a session on
        another database, a key that belongs to another message, missing tables, or a missing
        `session=` that would make SQLite wait for itself; `OutboxUnavailable` when nothing can be
        stored now; and what a `before_send` hook or a stream of an attachment raises.
        """
        return await self._parts.submission.enqueue(
            message, session, at=at, expires=expires, key=key, priority=priority
        )

    async def send_all_later(
        self,
        messages: Iterable[Message],
        *,
        session: AsyncSession | None = None,
        priority: str = Priority.NORMAL,
    ) -> list[Delivery]:
        """Store many messages in one transaction, all or none; see `send_later`.

        They are encoded before its next statement, and other tasks have their turns meanwhile.
        """
        return await self._parts.submission.enqueue_all(messages, session, priority=priority)

    async def send(
        self, message: Message, envelope_from: addresses.Mailbox | None = None
    ) -> Receipt:
        """Send a message now, and wait for the server's reply. Nothing is stored.

        envelope_from
            Where bounces go, instead of the message's own `envelope_from`.

        Raises `TransientError`, `PermanentError` or `UncertainError` with the server's reply
        when no recipient was accepted, and what a `before_send` hook raises before that.
        """
        # Before there is a connection: a hook may veto it, and reading its files takes time.
        encoded = await self._parts.submission.finish(message, envelope_from)
        async with self.connect() as connection:
            return await connection.send_encoded(encoded, message)

    async def send_message(self, *args: Any, **fields: Any) -> Receipt:
        """Send a message now that is made of the arguments, which are those of `Message`."""
        return await self.send(Message(*args, **fields))

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """One connection for many messages. Raises `TransientError` when there is none."""
        finish = self._parts.submission.finish
        async with (
            self.worker.transport() as transport,
            connected(transport, self.settings, self.publisher, finish) as connection,
        ):
            yield connection

    def check(self, to: str | None = None) -> AsyncIterator[Finding]:
        """Walk to the mail server, from the settings to a recipient; nothing is sent.

        to
            The recipient; the sender's own address by default.

        One `Finding` for each step (`step`, `is_ok`, `level`, `words`), up to one that failed.
        """
        return self._parts.check(to)

    def record_messages(self) -> AbstractContextManager[list[Message]]:
        """Flask-Mail's recorder: a list that grows by each message sent or suppressed meanwhile."""
        return self.publisher.recording()

    @property
    def is_running(self) -> bool:
        """Whether this process delivers."""
        return self.worker.is_running

    @property
    def outage(self) -> str | None:
        """Why messages wait, in a sentence; None when nothing holds them up."""
        return self.worker.outage
