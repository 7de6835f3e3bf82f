"""Deletes: the transactions that delete what is old, on either database.

On PostgreSQL nobody waits for them: rows are locked in sets. On SQLite everybody who writes does,
so they go row by row, for no longer than a moment, in one trip to the driver's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, literal, select, update

from quartapp.database.engines import schema_of
from quartapp.mail.outbox.prepared import Prepared, in_schema
from quartapp.mail.outbox.tables import at_most, attempts, contents, keys, messages, recipients

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Dialect, Row, Select

    from quartapp.database import Database
    from quartapp.mail.outbox.states import Status

    Rows = Sequence[Row[Any]]

__all__ = ["LONGEST", "EndedMessages", "Old", "PrunedKeys"]

BATCH = 20
BYTES = 1024 * 1024
"""Messages and bytes in one transaction, at most."""

ROW = 256
"""Bytes that each recipient counts for."""

LONGEST = 0.005
"""Seconds after which a transaction on SQLite ends early: a cold disk, or large messages."""


@dataclass(frozen=True, slots=True)
class EndedMessages:
    """The messages of a queue that ended in a state before a time: they are pruned now."""

    queue: str
    status: Status
    before: datetime
    now: datetime

    def select(self) -> Select[Any]:
        """Those that ended first, as many as are deleted together."""
        return (
            select(messages.c.id, messages.c.size, messages.c.recipient_count)
            .where(
                messages.c.queue == self.queue,
                messages.c.status == literal(self.status.value, literal_execute=True),
                messages.c.ended_at <= self.before,
                # An uncertain message that will be resent has not ended.
                messages.c.due_at.is_(None),
            )
            .order_by(messages.c.ended_at)
            .limit(at_most(BATCH))
        )

    async def delete(self, database: Database, found: Rows, longest: float) -> int:
        """Delete those of them that were found; returns how many it were."""
        if database.eraser is None:
            return await self._delete_set(database)
        values = {"status_": self.status, "before_": self.before, "now_": self.now}
        rows = [values | {"id_": id_} for id_ in _bounded(found)]
        engine = database.eraser.engine.sync_engine
        work = _row_deletes(engine.dialect, schema_of(engine)).delete_messages
        return await database.eraser.erase(partial(work, rows, longest))

    async def _delete_set(self, database: Database) -> int:
        async with database.writing() as connection:
            old = self.select().with_for_update(skip_locked=True)
            ids = _bounded((await connection.execute(old)).all())
            for table in (contents, recipients, attempts):
                await connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
            await connection.execute(delete(messages).where(messages.c.id.in_(ids)))
            pruned = {"status": self.status, "pruned_at": self.now}
            await connection.execute(update(keys).where(keys.c.delivery_id.in_(ids)).values(pruned))
        return len(ids)


@dataclass(frozen=True, slots=True)
class PrunedKeys:
    """The keys of a queue whose messages were pruned before a time: they are forgotten now."""

    queue: str
    before: datetime

    def select(self) -> Select[Any]:
        """Those of the messages that were pruned first."""
        ours = keys.c.queue == self.queue
        old = select(keys.c.key_hash).where(ours, keys.c.pruned_at <= self.before)
        return old.order_by(keys.c.pruned_at).limit(at_most(BATCH))

    async def delete(self, database: Database, found: Rows, longest: float) -> int:
        """Delete those of them that were found; returns how many it were."""
        if database.eraser is None:
            return await self._delete_set(database)
        rows = [{"hash_": row.key_hash} for row in found]
        engine = database.eraser.engine.sync_engine
        work = _row_deletes(engine.dialect, schema_of(engine)).delete_keys
        return await database.eraser.erase(partial(work, rows, longest))

    async def _delete_set(self, database: Database) -> int:
        async with database.writing() as connection:
            old = self.select().with_for_update(skip_locked=True)
            hashes = (await connection.execute(old)).scalars().all()
            await connection.execute(delete(keys).where(keys.c.key_hash.in_(hashes)))
        return len(hashes)


Old = EndedMessages | PrunedKeys


def _bounded(rows: Rows) -> list[str]:
    """The ids of the first messages, up to the one that makes them too many bytes."""
    before = accumulate((row.size + ROW * row.recipient_count for row in rows), initial=0)
    return [row.id for row, size in zip(rows, before, strict=False) if size < BYTES]


class RowDeletes:
    """The statements that delete one message or key on SQLite."""

    def __init__(self, dialect: Dialect, schema: str | None) -> None:
        message, key, *parts = in_schema(schema, messages, keys, contents, recipients, attempts)
        pruned = {
            "status": bindparam("status_", type_=key.c.status.type),
            "pruned_at": bindparam("now_", type_=key.c.pruned_at.type),
        }
        # A person may have retried it since it was found.
        still_ended = (
            message.c.status == bindparam("status_"),
            message.c.ended_at <= bindparam("before_"),
            message.c.due_at.is_(None),
        )
        statements = (
            delete(message).where(message.c.id == bindparam("id_"), *still_ended),
            # Not left to the foreign keys: a host's engine may not enforce them.
            *(delete(part).where(part.c.delivery_id == bindparam("id_")) for part in parts),
            update(key).where(key.c.delivery_id == bindparam("id_")).values(pruned),
        )
        self._message = [Prepared(each, dialect) for each in statements]
        self._key = Prepared(delete(key).where(key.c.key_hash == bindparam("hash_")), dialect)

    def delete_messages(
        self, rows: Sequence[Mapping[str, Any]], longest: float, driver: sqlite3.Connection
    ) -> int:
        """Delete one message after the other until it took too long; returns how many."""
        return _delete_each(self._message, rows, longest, driver)

    def delete_keys(
        self, rows: Sequence[Mapping[str, Any]], longest: float, driver: sqlite3.Connection
    ) -> int:
        """Delete keys likewise."""
        return _delete_each([self._key], rows, longest, driver)


_row_deletes = lru_cache(maxsize=8)(RowDeletes)


def _delete_each(
    statements: Sequence[Prepared],
    rows: Sequence[Mapping[str, Any]],
    longest: float,
    driver: sqlite3.Connection,
) -> int:
    """Run the statements for each row where the first finds it; returns for how many it did."""
    first, *others = statements
    count, begun = 0, perf_counter()
    for row in rows:
        if driver.execute(first.sql, first.bound(row)).rowcount:
            count += 1
            for other in others:
                driver.execute(other.sql, other.bound(row))
        if perf_counter() - begun >= longest:
            break
    return count
