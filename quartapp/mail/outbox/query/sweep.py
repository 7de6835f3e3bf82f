"""All messages that match: how many an action would change, and which, in batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, true

from quartapp.mail.outbox.query.search import FIRST, Place, pick
from quartapp.mail.outbox.states import STATES, Action, Final, allowing
from quartapp.mail.outbox.tables import messages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.mail.outbox.query.find import Filter

__all__ = ["batches", "how_many"]

BATCH = 500
"""Messages in one transaction, so that other writers do not wait long for it."""

NEVER_FINAL = [status for status, state in STATES.items() if state.final is Final.NEVER]
ALLOWS: dict[Action, ColumnElement[bool]] = {
    Action.RETRY: true(),
    Action.CANCEL: or_(messages.c.due_at.is_not(None), messages.c.status.in_(NEVER_FINAL))
    & messages.c.wants_cancel.is_(False),
}
"""`State.allows` for a message in one of the states that allow the action, as SQL."""


async def how_many(connection: AsyncConnection, wanted: Filter, action: Action) -> int:
    """How many of the messages that match the action would change, counted to the last one."""
    query = select(func.count()).select_from(messages)
    query = query.where(messages.c.status.in_(allowing(action)), ALLOWS[action])
    return int((await connection.execute(wanted.apply(query))).scalar_one())


async def batches(
    database: Database, wanted: Filter, action: Action
) -> AsyncIterator[Sequence[str]]:
    """The ids of messages that match and may be changed, until there are no more."""
    for status in allowing(action):
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
