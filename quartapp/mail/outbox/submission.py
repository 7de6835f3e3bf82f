"""Submission: encodes messages and stores them in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from quartapp.database.commit import on_commit
from quartapp.mail.choices import SUPPRESSED, Priority
from quartapp.mail.clock import Turns
from quartapp.mail.errors import MailError, WrongTypeError
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.message import Message
from quartapp.mail.outbox.border import mail_errors
from quartapp.mail.outbox.enqueue import NewMessage
from quartapp.mail.outbox.files import read_files
from quartapp.mail.outbox.joining import joinable, joining
from quartapp.mail.outbox.submitted import submitted, tell_submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.clock import Clock
    from quartapp.mail.message.encoding import Encoded
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.before_send import BeforeSend
    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.settings import MailSettings

__all__ = ["Submission"]

OFF_THE_LOOP = 256 * 1024
"""Bytes of a message from which it is encoded in a thread, so that the event loop goes on."""


class Submission:
    """What stands between a message and its row. Its methods raise what `Mail.send_later` raises.

    before_send
        The hooks that see each message first. What they raise is the caller's, and so is what a
        stream raises; only what the database raises becomes a `MailError`.
    clock
        How long the event loop is ours.
    on_queued
        Called with the new messages of a transaction once it has committed.
    on_suppressed
        Called with those that were stored as sent, each with a copy of what would have gone out.
    """

    def __init__(
        self,
        settings: MailSettings,
        outbox: Outbox,
        clock: Clock,
        *,
        before_send: BeforeSend,
        on_queued: Callable[..., None],
        on_suppressed: Callable[..., None],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._before_send = before_send
        self._on_queued = on_queued
        self._on_suppressed = on_suppressed

    async def finish(self, message: Message, envelope_from: Mailbox | None = None) -> Encoded:
        """The message as it is sent: seen by the hooks, its files read, completed, and encoded."""
        if not isinstance(message, Message):
            raise MailError(f"{type(message).__name__} is no message: give a Message")
        await self._before_send.see(message)
        message.complete(self._settings.default_sender)
        if message.attachments:
            await read_files(message, self._settings.max_size, Turns(self._clock))
        if _weight(message) > OFF_THE_LOOP:
            return await asyncio.to_thread(encode, message, self._settings, envelope_from)
        return encode(message, self._settings, envelope_from)

    async def enqueue(
        self,
        message: Message,
        session: AsyncSession | None = None,
        *,
        at: datetime | timedelta | None = None,
        expires: datetime | timedelta | None = None,
        key: str | None = None,
        priority: str = Priority.NORMAL,
    ) -> Delivery:
        """Store a message, in the caller's transaction where there is one."""
        session = self._joined(session)
        encoded = await self.finish(message)
        recorded = self._recorded(message)
        with mail_errors():
            async with joining(session):
                await self._outbox.time.keep(session)
                new = self._new(
                    message, encoded, at=at, expires=expires, key=key, priority=priority
                )
                delivery = await self._outbox.enqueue(new, session)
        # One whose key was taken is no news.
        if delivery.id == new.id:
            self._announce([(delivery, new, recorded)], session)
        return delivery

    async def enqueue_all(
        self,
        messages: Iterable[Message],
        session: AsyncSession | None = None,
        *,
        priority: str = Priority.NORMAL,
    ) -> list[Delivery]:
        """Store many messages, in the caller's transaction where there is one.

        All are encoded before the first statement.
        """
        session = self._joined(session)
        if isinstance(messages, Message) or not isinstance(messages, Iterable):
            raise WrongTypeError(
                f"send_all_later takes many messages, not {type(messages).__name__}: give a list, "
                "or call send_later"
            )
        turns = Turns(self._clock)
        written, recorded = [], []
        for message in messages:
            written.append((message, await self.finish(message)))
            recorded.append(self._recorded(message))
            await turns.give()
        with mail_errors():
            async with joining(session):
                await self._outbox.time.keep(session)
                new = await turns.all(self._new(*each, priority=priority) for each in written)
                deliveries = await self._outbox.enqueue_all(new, session)
        self._announce(list(zip(deliveries, new, recorded, strict=True)), session)
        return deliveries

    def _new(
        self,
        message: Message,
        encoded: Encoded,
        *,
        at: datetime | timedelta | None = None,
        expires: datetime | timedelta | None = None,
        key: str | None = None,
        priority: str = Priority.NORMAL,
    ) -> NewMessage:
        now = self._outbox.now()
        return NewMessage(
            encoded=encoded,
            queue=self._outbox.worker.queue,
            backend=self._outbox.backend,
            created_at=now,
            due_at=now if at is None else max(_moment("at", at, now), now),
            expires_at=None if expires is None else _moment("expires", expires, now),
            key=key,
            priority=priority,
            template=message.template,
        )

    @mail_errors()
    def _joined(self, session: AsyncSession | None) -> AsyncSession | None:
        return None if session is None else joinable(session, self._outbox.database.url)

    def _recorded(self, message: Message) -> Message:
        """What receivers get of a suppressed message: a copy, as it was when it was queued."""
        return copy(message) if self._outbox.backend == SUPPRESSED else message

    def _announce(
        self, stored: Sequence[tuple[Delivery, NewMessage, Message]], session: AsyncSession | None
    ) -> None:
        """Tell of new messages when they are committed: at once, where there is no session."""
        queued = [delivery for delivery, new, _ in stored if not new.is_over]
        suppressed = [(delivery, recorded) for delivery, new, recorded in stored if new.is_over]
        # Bytes are not held until the commit for nobody.
        encoded = [new.encoded for _, new, _ in stored] if submitted.receivers else []
        for then, items in (
            (tell_submitted, encoded),
            (self._on_queued, queued),
            (self._on_suppressed, suppressed),
        ):
            if items and session is not None:
                on_commit(session.sync_session, then, *items)
            elif items:
                then(*items)


def _weight(message: Message) -> int:
    texts = (message.body or "", *message.alts.values())
    return sum(map(len, texts)) + sum(len(attachment.octets) for attachment in message.attachments)


def _moment(name: str, given: datetime | timedelta, now: datetime) -> datetime:
    """The moment that a caller means, in UTC; a timedelta counts from now."""
    try:
        if isinstance(given, timedelta):
            return now + given
        if isinstance(given, datetime) and given.utcoffset() is not None:
            return given.astimezone(UTC)
    except OverflowError:
        raise MailError(f"{name}= is beyond the years 1 to 9999: give a nearer time") from None
    what = "has no time zone" if isinstance(given, datetime) else f"is {type(given).__name__}"
    raise WrongTypeError(
        f"{name}= {what}: give an aware datetime, such as datetime.now(UTC) + timedelta(hours=1), "
        "or a timedelta from now"
    )
