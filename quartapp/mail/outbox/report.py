"""The outbox for an operator: pages, figures and histories, and actions on many messages."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.mail.outbox.border import mail_errors
from quartapp.mail.outbox.query.figures import figures
from quartapp.mail.outbox.query.history import history
from quartapp.mail.outbox.query.search import Place, page
from quartapp.mail.outbox.query.sweep import batches, how_many
from quartapp.mail.outbox.query.views import RecipientPage
from quartapp.mail.outbox.states import Action, Status
from quartapp.mail.outbox.workers import at_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.outbox import Outbox
    from quartapp.mail.outbox.query.find import Filter
    from quartapp.mail.outbox.query.views import Figures, History, Page
    from quartapp.mail.outbox.workers import WorkerState

__all__ = ["Report"]


class Report:
    """`mail.report`: pages, figures and histories, and actions on all messages that match.

    Its methods raise `OutboxUnavailable` when the database is away, and `MailError` when its tables
    are missing.

    changed
        Told the ids of messages that were changed; returns them.
    here
        How this process delivers, None where it does not.
    """

    AT_ONCE = 10_000
    """The most messages that one call of `act` changes."""

    def __init__(
        self,
        outbox: Outbox,
        changed: Callable[[list[str]], list[str]],
        here: Callable[[], WorkerState | None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._changed = changed
        self._here = here

    async def page(
        self,
        wanted: Filter,
        *,
        before: str | None = None,
        after: str | None = None,
        is_last: bool = False,
        size: int = 50,
    ) -> Page:
        """The newest messages that match, or those older or newer than a given one, or the oldest.

        It reads a thousand messages that do not match at most, and says so if that was not all.
        """
        place = Place(before=before, after=after, is_last=is_last)
        async with self._reading() as connection:
            return await page(connection, self._ours(wanted), place, size)

    async def figures(self) -> Figures:
        """The outbox in figures, the last hour, and who delivers. `verdict` says what it means."""
        with mail_errors():
            return await figures(
                self._outbox.database,
                self._outbox.now(),
                backend=self._outbox.backend,
                worker=self._outbox.worker,
                here=self._here(),
            )

    async def workers(self) -> tuple[WorkerState, ...]:
        """The processes that deliver now, on any host."""
        here = self._here()
        async with self._reading() as connection:
            others = await at_work(connection, self._outbox.now(), but=self._outbox.worker)
        return (here, *others) if here else others

    async def due(self) -> int:
        """How many messages could be sent now; it counts no further than `Figures` does."""
        with mail_errors():
            return await self._outbox.due()

    async def history(
        self,
        delivery_id: str,
        *,
        status: Status | None = None,
        first: int = 0,
        size: int = RecipientPage.SIZE,
    ) -> History | None:
        """All that is stored about one message but its content; None if there is no such.

        status, first, size
            Which of its recipients: those in a state or all, after so many, and so many at most.
        """
        async with self._reading() as connection:
            queue = self._outbox.worker.queue
            return await history(connection, queue, delivery_id, status, first, size)

    async def content(self, delivery_id: str) -> bytes:
        """A message's content, as it is sent. Raises `LookupError` if there is no such."""
        with mail_errors():
            is_ours = await self._outbox.get(delivery_id) is not None
            content = (await self._outbox.load([delivery_id]))[0] if is_ours else None
        if content is None:
            raise LookupError(f"there is no message {delivery_id}")
        return content

    async def was_deleted(self, delivery_id: str) -> bool:
        """Whether this message was deleted after its retention, as far as its key is remembered."""
        with mail_errors():
            return await self._outbox.was_deleted(delivery_id)

    async def how_many(self, wanted: Filter, action: Action) -> int:
        """How many of the messages that match the action would change."""
        async with self._reading() as connection:
            return await how_many(connection, self._ours(wanted), action)

    async def act(self, wanted: Filter, action: Action) -> list[str]:
        """Retry or cancel the messages that match, at most `AT_ONCE`; returns the changed ids."""
        act = self._outbox.retry if action is Action.RETRY else self._outbox.cancel
        done: list[str] = []
        with mail_errors():
            await self._outbox.time.keep()
            async for ids in batches(self._outbox.database, self._ours(wanted), action):
                done += self._changed(await act(ids))
                if len(done) >= self.AT_ONCE:
                    break
        return done

    def _ours(self, wanted: Filter) -> Filter:
        return replace(wanted, queue=self._outbox.worker.queue)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with mail_errors():
            async with self._outbox.database.reading() as connection:
                yield connection
