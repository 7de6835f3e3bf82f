"""All letters that match: how many an action would change, and which, a batch at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from quartapp.mail.delivery import Status
from quartapp.mail.outbox.schema import letters
from quartapp.mail.outbox.search import FIRST, Place, pick
from quartapp.mail.views import Action

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.mail.outbox.query import Filter

__all__ = ["batches", "how_many"]

BATCH = 500
"""Letters in one transaction, so that nobody waits long for it."""

STATES = {
    Action.RETRY: (Status.FAILED, Status.UNCERTAIN),
    Action.CANCEL: (Status.QUEUED, Status.SENDING, Status.UNCERTAIN),
}
ALLOWS: dict[Action, ColumnElement[bool]] = {
    Action.RETRY: letters.c.is_pruned.is_(False),
    Action.CANCEL: or_(letters.c.due_at.is_not(None), letters.c.status == Status.SENDING)
    & letters.c.wants_cancel.is_(False),
}


async def how_many(connection: AsyncConnection, wanted: Filter, action: Action) -> int:
    """How many of the letters that match the action would change, counted to the last one."""
    query = select(func.count()).select_from(letters).where(letters.c.status.in_(STATES[action]))
    return int((await connection.execute(wanted.apply(query).where(ALLOWS[action]))).scalar_one())


async def batches(
    database: Database, wanted: Filter, action: Action
) -> AsyncIterator[Sequence[str]]:
    """The ids of letters that match and may be changed, until there are no more."""
    for status in STATES[action]:
        if wanted.status in (None, status):
            async for ids in _of_state(database, replace(wanted, status=status)):
                yield ids


async def _of_state(database: Database, wanted: Filter) -> AsyncIterator[Sequence[str]]:
    onward: str | None = None
    while True:
        place = Place(before=onward) if onward else FIRST
        async with database.reading() as connection:
            picked = await pick(connection, wanted, place, BATCH)
        if picked.ids:
            yield picked.ids
        onward = picked.onward
        if onward is None:
            return
