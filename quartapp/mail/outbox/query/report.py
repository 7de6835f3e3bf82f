"""The operator's side of the outbox: what there is to see, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.outbox.query.figures import figures
from quartapp.mail.outbox.query.history import history
from quartapp.mail.outbox.query.search import Place, page
from quartapp.mail.outbox.query.sweep import batches, how_many
from quartapp.mail.outbox.query.views import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.outbox import Filter, Outbox
    from quartapp.mail.outbox.query.views import Figures, History, Page

__all__ = ["Report"]


class Report:
    """`mail.report`: pages, figures and histories, and actions on all messages that match.

    changed
        Told the ids of messages that were changed; returns them.
    """

    AT_ONCE = 10_000
    """The most messages that one call of `act` changes."""

    def __init__(self, outbox: Outbox, changed: Callable[[list[str]], list[str]]) -> None:
        self._outbox = outbox
        self._changed = changed

    async def page(
        self,
        wanted: Filter,
        *,
        before: str | None = None,
        after: str | None = None,
        is_last: bool = False,
        size: int = 50,
    ) -> Page:
        """The newest messages that match, or those behind a message, in front of one, or the last.

        It looks at a thousand messages that do not match at most, and says so if that was not all.
        """
        place = Place(before=before, after=after, is_last=is_last)
        async with self._outbox.database.reading() as connection:
            return await page(connection, wanted, place, size)

    async def figures(self) -> Figures:
        """How the outbox stands, and how the last hour was."""
        return await figures(self._outbox.database, self._outbox.now())

    async def due(self) -> int:
        """How many messages could be sent now, counted no further than `Figures` counts."""
        return await self._outbox.due()

    async def history(self, delivery_id: str) -> History | None:
        """All that is known of one message but what it says; None if there is no such message."""
        async with self._outbox.database.reading() as connection:
            return await history(connection, delivery_id)

    async def content(self, delivery_id: str) -> bytes:
        """What a message says: its bytes as they are sent. Raises `LookupError` if they are gone."""
        [content] = await self._outbox.load([delivery_id])
        if content is None:
            raise LookupError(f"the bytes of message {delivery_id} were pruned")
        return content

    async def how_many(self, wanted: Filter, action: Action) -> int:
        """How many of the messages that match the action would change."""
        async with self._outbox.database.reading() as connection:
            return await how_many(connection, wanted, action)

    async def act(self, wanted: Filter, action: Action) -> list[str]:
        """Do it to the messages that match, `AT_ONCE` at most; returns the ids of those changed."""
        act = self._outbox.retry if action is Action.RETRY else self._outbox.cancel
        done: list[str] = []
        async for ids in batches(self._outbox.database, wanted, action):
            done += self._changed(await act(ids))
            if len(done) >= self.AT_ONCE:
                break
        return done
