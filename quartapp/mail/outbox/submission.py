"""The intake: takes messages, finishes them, and keeps them in the outbox."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quartapp.database import NestedWrite
from quartapp.database.commit import on_commit
from quartapp.mail.errors import MailError
from quartapp.mail.message.encoding import encode
from quartapp.mail.outbox.enqueue import NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.mail.message.encoding import Encoded
    from quartapp.mail.message.message import Message
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.settings import MailSettings

__all__ = ["Submission"]

OFF_THE_LOOP = 256 * 1024
"""A message with more to it, in bytes, is written in a thread, so that the loop goes on."""


class Submission:
    """What stands between a message and its row. Its methods raise what `Mail.send_later` raises.

    on_queued
        Called with each message once its transaction has committed.
    """

    def __init__(
        self, settings: MailSettings, outbox: Outbox, on_queued: Callable[[Delivery], None]
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._on_queued = on_queued

    async def finish(self, message: Message) -> Encoded:
        """The message of a message, complete."""
        if _weight(message) > OFF_THE_LOOP:
            return await asyncio.to_thread(encode, message, self._settings)
        return encode(message, self._settings)

    async def keep(
        self,
        message: Message,
        session: AsyncSession | None = None,
        *,
        at: datetime | None = None,
        expires: datetime | None = None,
        key: str | None = None,
    ) -> Delivery:
        """Keep one new, in the caller's transaction where there is one."""
        new = await self._message(message, at=at, expires=expires, key=key)
        if session is None:
            return await self._keep_alone(new)
        self._check_database(session)
        delivery = await self._outbox.enqueue(new, session)
        on_commit(session.sync_session, partial(self._on_queued, delivery))
        return delivery

    async def enqueue_all(
        self, messages: Iterable[Message], session: AsyncSession
    ) -> list[Delivery]:
        """Keep many messages in the caller's transaction."""
        self._check_database(session)
        new = [await self._message(message) for message in messages]
        deliveries = await self._outbox.enqueue_all(new, session)
        for delivery in deliveries:
            on_commit(session.sync_session, partial(self._on_queued, delivery))
        return deliveries

    async def _message(
        self,
        message: Message,
        *,
        at: datetime | None = None,
        expires: datetime | None = None,
        key: str | None = None,
    ) -> NewMessage:
        encoded = await self.finish(message)
        now = self._outbox.now()
        return NewMessage(
            encoded=encoded,
            backend=self._settings.backend,
            created_at=now,
            due_at=max(_aware("at", at), now) if at else now,
            expires_at=_aware("expires", expires) if expires else None,
            key=key,
            template=message.template,
        )

    async def _keep_alone(self, new: NewMessage) -> Delivery:
        try:
            delivery = await self._outbox.enqueue(new)
        except NestedWrite as error:
            raise MailError(f"the message would wait for itself: {error}") from error
        self._on_queued(delivery)
        return delivery

    def _check_database(self, session: AsyncSession) -> None:
        theirs, ours = session.get_bind().engine.url, self._outbox.database.url
        if (theirs.host, theirs.database, theirs.query) != (ours.host, ours.database, ours.query):
            raise MailError(
                f"the session is on {theirs.render_as_string()}, the outbox on "
                f"{ours.render_as_string()}: pass a session of the outbox's database"
            )


def _weight(message: Message) -> int:
    texts = (message.body or "", *message.alts.values())
    return sum(map(len, texts)) + sum(len(attachment.data) for attachment in message.attachments)


def _aware(name: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise MailError(f"{name}= has no time zone: give an aware datetime, such as now(UTC)")
    return moment
