"""The processes that deliver: each says so in a row of its own, for those that only serve pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.database.columns import UtcDateTime
from quartapp.mail.outbox.tables import workers

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database

__all__ = ["EVERY", "WorkerId", "WorkerState", "at_work", "forget", "tell"]

EVERY = 10.0
"""Seconds after which a worker that has no news says again that it is there."""

SILENCE = timedelta(seconds=3 * EVERY)
"""After so long a worker is taken for dead; also one whose time of day is so far ahead."""

FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A process that delivers, and what holds it up.

    backend
        The one whose messages it claims.
    outage
        Why delivery is paused, in a sentence; empty where it is not.
    next_attempt_at
        When the pause ends; None where an attempt is being made.
    """

    backend: str
    outage: str = ""
    outage_since: datetime | None = None
    next_attempt_at: datetime | None = None


class WorkerId(NamedTuple):
    """A process that delivers or changes messages: the queue that they are of, and its name."""

    queue: str
    name: str


async def tell(database: Database, worker: WorkerId, state: WorkerState, now: datetime) -> None:
    """Say that this worker delivers, and what holds it up."""
    async with database.writing() as connection:
        row = {"id": worker.name, "queue": worker.queue, "seen_at": now, **asdict(state)}
        await connection.execute(TELL[connection.dialect.name], row)


async def forget(database: Database, worker: WorkerId, now: datetime) -> None:
    """Say that this worker delivers no more, and drop those that died long ago."""
    async with database.writing() as connection:
        await connection.execute(FORGET, {"id_": worker.name, "old_": now - FORGOTTEN})


async def at_work(
    connection: AsyncConnection, now: datetime, *, but: WorkerId
) -> tuple[WorkerState, ...]:
    """The processes that deliver messages of this one's queue now, but for itself."""
    is_sqlite = connection.dialect.name == "sqlite"
    # By the database's time: this process may be one that never asked how far its own is off.
    current: Any = literal(now, UtcDateTime) if is_sqlite else NOW
    rows = await connection.execute(
        select(workers, current.label("now")).where(
            workers.c.queue == but.queue, workers.c.id != but.name
        )
    )
    return tuple(
        WorkerState(
            backend=row.backend,
            outage=row.outage,
            outage_since=row.outage_since,
            next_attempt_at=row.next_attempt_at,
        )
        for row in rows
        if abs(row.now - row.seen_at) < SILENCE
    )


NOW = func.clock_timestamp(type_=UtcDateTime())
FORGET = delete(workers).where(
    or_(workers.c.id == bindparam("id_"), workers.c.seen_at < bindparam("old_"))
)


def _telling(into: Any, **seen_at: Any) -> Any:
    into = into.values({column.name: bindparam(column.name) for column in workers.c} | seen_at)
    changed = {
        column.name: into.excluded[column.name] for column in workers.c if column.name != "id"
    }
    return into.on_conflict_do_update(index_elements=[workers.c.id], set_=changed)


TELL = {
    "postgresql": _telling(postgresql.insert(workers), seen_at=NOW),
    "sqlite": _telling(sqlite.insert(workers)),
}
