"""The mail service: what an app says about messages, bound to one Quart app."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from quartapp.database import Database
from quartapp.database.url import database_url
from quartapp.mail.clock import SystemClock
from quartapp.mail.delivery.connection import Connection
from quartapp.mail.delivery.worker import Worker
from quartapp.mail.errors import TransientError
from quartapp.mail.events.publish import Publisher
from quartapp.mail.events.watch import Waiting
from quartapp.mail.message.message import Message
from quartapp.mail.outbox import Filter, Outbox
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.submission import Submission
from quartapp.mail.rendering import render
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.checkup import check

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from quart import Quart
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

    from quartapp.mail.clock import Clock
    from quartapp.mail.outbox.delivery import Delivery, Receipt, Status
    from quartapp.mail.transports.smtp.checkup import Finding

__all__ = ["MailService"]

logger = logging.getLogger(__name__)


class MailService:
    """The mail service of one app: `Mail(app)`, or `Mail()` and `init_app(app)` later.

    engine
        The app's own SQLAlchemy engine. Without it, the database in `app.extensions["database"]`,
        or one of its own from `DATABASE_URL`.
    clock
        What time it is; the machine's own by default.

    Messages are kept in tables of its own (`upgrade`) and delivered while the app serves.
    """

    app: Quart
    settings: MailSettings
    outbox: Outbox
    publisher: Publisher
    worker: Worker
    report: Report

    def __init__(
        self,
        app: Quart | None = None,
        *,
        engine: AsyncEngine | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Bind to an app, and deliver while it serves."""
        self.bind(app)
        for warning in self.settings.warnings():
            logger.warning("%s", warning)

        @app.while_serving
        async def deliver() -> AsyncGenerator[None]:
            async with self.worker.running():
                yield
            if not self._shares_database(app):
                await self.outbox.database.dispose()

    def bind(self, app: Quart) -> None:
        """Bind to an app whose own lifespan runs `post`.

        Raises `ValueError` naming the setting when `app.config` makes no sense.
        """
        self.app = app
        self.settings = MailSettings.from_config(app.config)
        self.outbox = Outbox(self._database(app), self.settings, self._clock)
        self.publisher = Publisher(app)
        self.worker = Worker(app, self.settings, self.outbox, self.publisher, self._clock)
        self.report = Report(self.outbox, self._changed)
        self._submission = Submission(self.settings, self.outbox, self._kept)
        self._waiting = Waiting(self.outbox, self.worker, self.publisher.watchers)
        app.extensions["mail"] = self

    def __repr__(self) -> str:
        return f"<Mail {self.settings.backend} {self.worker!r}>"

    async def compose(
        self, to: str | Iterable[str], subject: str, template: str, **context: Any
    ) -> Message:
        """Render a template pair into a message: `template` + ".txt" and ".html".

        The subject gets `FLASKY_MAIL_SUBJECT_PREFIX` in front, the sender is
        `FLASKY_MAIL_SENDER`. Needs an app context. Raises what the templates raise.
        """
        body, html = await render(template, context)
        message = Message(
            f"{self.settings.subject_prefix} {subject}".strip(),
            sender=self.settings.template_sender,
            recipients=[to] if isinstance(to, str) else list(to),
            body=body,
            html=html,
            extra_headers={"Auto-Submitted": "auto-generated"},
        )
        message.template = template
        return message

    async def send_email(
        self,
        to: str | Iterable[str],
        subject: str,
        template: str,
        *,
        session: AsyncSession | None = None,
        at: datetime | None = None,
        expires: datetime | None = None,
        key: str | None = None,
        **context: Any,
    ) -> Delivery:
        """The book's function: compose from a template pair, and keep. See `send_later`."""
        message = await self.compose(to, subject, template, **context)
        return await self.send_later(message, session=session, at=at, expires=expires, key=key)

    async def send_later(
        self,
        message: Message,
        *,
        session: AsyncSession | None = None,
        at: datetime | None = None,
        expires: datetime | None = None,
        key: str | None = None,
    ) -> Delivery:
        """Keep a message in the outbox, to be sent as soon as its transaction has committed.

        session
            The transaction to join: rolled back, the message never existed.
        at, expires
            Not to be sent before, and given up after; aware datetimes.
        key
            The caller's own name for the message. The same key again keeps nothing new and
            returns the first Delivery.

        Raises `MessageError` for a message that cannot be sent; `MailError` for a session on
        another database, a key that belongs to another message, or a missing `session=` that would
        make SQLite wait for itself; `DatabaseUnavailable` when nothing can be kept now.
        """
        return await self._submission.keep(message, session, at=at, expires=expires, key=key)

    async def send_all_later(
        self, messages: Iterable[Message], *, session: AsyncSession
    ) -> list[Delivery]:
        """Keep many messages in one transaction, for about the price of one. See `send_later`."""
        return await self._submission.enqueue_all(messages, session)

    async def send(self, message: Message) -> Receipt:
        """Send a message now, and wait for the server's answer. Nothing is kept.

        Raises `TransientError`, `PermanentError` or `UncertainError` with the server's reply
        when no recipient was accepted.
        """
        async with self.connect() as connection:
            return await connection.send(message)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """One connection for many messages. Raises `TransientError` when there is none to be had."""
        async with self.worker.transport() as transport:
            session = transport.session(is_exclusive=True)
            try:
                carrier = await session.__aenter__()
            except ServerOutage as trouble:
                raise TransientError(str(trouble), code=trouble.code) from trouble
            try:
                yield Connection(carrier, self.settings, self.publisher, self._submission.finish)
            finally:
                await session.__aexit__(None, None, None)

    async def get(self, delivery_id: str) -> Delivery | None:
        """The message as it stands, None if there is no such message."""
        return await self.outbox.get(delivery_id)

    async def find(
        self,
        *,
        status: Status | None = None,
        recipient: str | None = None,
        subject: str | None = None,
        template: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        key: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """The newest messages that match every condition given.

        subject
            How it begins, in any case.
        since, until
            Kept not before, and kept before; aware datetimes.
        before
            The id of the last message of the page before.
        """
        wanted = Filter(
            status=status,
            recipient=recipient,
            subject=subject,
            template=template,
            since=since,
            until=until,
            key=key,
            before=before,
        )
        return await self.outbox.find(wanted, limit)

    async def stats(self) -> dict[Status, int]:
        """How many messages are in each state."""
        return await self.outbox.count()

    async def wait(self, delivery: Delivery | str, timeout: float | None = None) -> Delivery:
        """Wait until a message is in a final state.

        timeout
            Seconds; None waits for ever.

        Raises `TimeoutError` after that, `LookupError` for a message that is unknown or was not
        committed.
        """
        async with asyncio.timeout(timeout):
            return await self._waiting.end_of(_id(delivery))

    def watch(self, delivery: Delivery | str) -> AsyncIterator[Delivery]:
        """A message's changes, from how it stands now to a final state. Raises `LookupError`."""
        return self._waiting.watch(_id(delivery))

    async def drain(self) -> None:
        """Wait until nothing is due and nothing is on the wire, or the server is in trouble."""
        await self._waiting.drain()

    async def retry(self, *deliveries: Delivery | str) -> list[str]:
        """Try failed and uncertain messages again, as if they were new; returns the ids of those."""
        return self._changed(await self.outbox.retry([_id(delivery) for delivery in deliveries]))

    async def cancel(self, *deliveries: Delivery | str) -> list[str]:
        """Stop messages from being tried again; an attempt under way is left to end."""
        return self._changed(await self.outbox.cancel([_id(delivery) for delivery in deliveries]))

    async def prune(self) -> int:
        """Drop the bytes of messages that ended long ago; returns how many lost something."""
        return await self.outbox.prune()

    def check(self) -> AsyncIterator[Finding]:
        """Walk to the mail server, from the settings to the login; nothing is sent.

        One `Finding` for each step (`step`, `is_ok`, `words`), up to the first that failed.
        """
        return check(self.settings, self.outbox.now())

    async def upgrade(self) -> None:
        """Bring the mail tables to their newest version."""
        await self.outbox.upgrade()

    async def revisions(self) -> tuple[str | None, str]:
        """The version that the mail tables have, None if there are none, and the newest."""
        return await self.outbox.revisions()

    def record_messages(self) -> AbstractContextManager[list[Message]]:
        """Flask-Mail's recorder: a list that grows by each message sent or suppressed meanwhile."""
        return self.publisher.recording()

    @property
    def is_running(self) -> bool:
        """Whether this process delivers."""
        return self.worker.is_running

    @property
    def trouble(self) -> str | None:
        """Why messages wait, in a sentence; None when nothing holds them up."""
        return self.worker.outage

    def _kept(self, delivery: Delivery) -> None:
        self.worker.wake()
        self.publisher.kept(delivery)

    def _changed(self, ids: list[str]) -> list[str]:
        self.worker.wake()
        for delivery_id in ids:
            self.publisher.watchers.tell(delivery_id)
        return ids

    def _shares_database(self, app: Quart) -> bool:
        return self._engine is not None or "database" in app.extensions

    def _database(self, app: Quart) -> Database:
        if self._engine is not None:
            return Database.over(self._engine)
        found = app.extensions.get("database")
        if isinstance(found, Database):
            return found
        return Database(database_url(app.config["DATABASE_URL"]))


def _id(delivery: Delivery | str) -> str:
    return delivery if isinstance(delivery, str) else delivery.id
