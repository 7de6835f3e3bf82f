"""What an app does with messages that are stored: look, wait, retry, cancel, delete."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.border import mail_errors
from quartapp.mail.outbox.delivery import id_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Unpack

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.query.find import Conditions
    from quartapp.mail.outbox.states import Status
    from quartapp.mail.parts import Parts

__all__ = ["StoredMessages"]


class StoredMessages:
    """The messages of one app's outbox, and its tables."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.outbox = parts.outbox

    async def get(self, delivery_id: str) -> Delivery | None:
        """The message as it stands, None if there is no such message."""
        with mail_errors():
            return await self.outbox.get(id_of(delivery_id))

    async def find(self, *, limit: int = 50, **conditions: Unpack[Conditions]) -> list[Delivery]:
        """The newest messages that match every condition given; `Filter` says what each means."""
        with mail_errors():
            return await self.outbox.find(Filter(**conditions), limit)

    async def stats(self) -> dict[Status, int]:
        """How many messages are in each state."""
        with mail_errors():
            return await self.outbox.count()

    async def wait(self, delivery: Delivery | str, timeout: float | None = None) -> Delivery:
        """Wait until a message is in a final state, and this process's receivers of signals know.

        Raises `TimeoutError` after `timeout` seconds (None: never), `LookupError` for a message
        that is unknown or was not committed, `MailError` for one that is not final where nothing
        delivers.
        """
        async with asyncio.timeout(timeout):
            with mail_errors():
                return await self._parts.waiting.end_of(delivery)

    async def watch(self, delivery: Delivery | str) -> AsyncIterator[Delivery]:
        """A message's changes, from how it stands now to a final state. Raises `LookupError`."""
        with mail_errors():
            async for change in self._parts.waiting.watch(delivery):
                yield change

    async def drain(self) -> None:
        """Wait until nothing is due and nothing is being sent, or the server has an outage.

        Receivers of signals here have been told by then, or for MAIL_DRAIN_TIMEOUT. Where the app
        does not run, suppressed messages end here; for others it raises `MailError`.
        """
        with mail_errors():
            await self._parts.drain()

    async def retry(self, *deliveries: Delivery | str) -> list[str]:
        """Queue failed and uncertain messages again, as if they were new; returns their ids."""
        with mail_errors():
            await self.outbox.time.keep()
            return self._parts.changed(await self.outbox.retry([*map(id_of, deliveries)]))

    async def cancel(self, *deliveries: Delivery | str) -> list[str]:
        """Stop messages from being attempted again; an attempt in progress will finish."""
        with mail_errors():
            return self._parts.changed(await self.outbox.cancel([*map(id_of, deliveries)]))

    async def prune(self) -> int:
        """Delete messages that ended longer ago than they are stored; returns how many."""
        with mail_errors():
            return await self.outbox.prune()

    async def prepare(self) -> None:
        """Bring the tables up to date or check them, as MAIL_UPGRADE says; the start does so.

        Raises `MailError` with the command to run.
        """
        await self._parts.prepare()

    async def upgrade(self) -> None:
        """Bring the mail tables to their newest version. Raises `MailError` if it cannot."""
        with mail_errors():
            await self.outbox.upgrade()

    async def revisions(self) -> tuple[str | None, str]:
        """The version that the mail tables have, None if there are none, and the newest."""
        with mail_errors():
            return await self.outbox.revisions()
