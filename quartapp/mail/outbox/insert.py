"""Insert messages: statements compiled once, and one trip to the database for all of them.

A caller waits for this inside its own transaction. By SQLAlchemy's usual way the three INSERTs
cost three round trips, on SQLite up to twelve changes of thread, and the naming of fifty
parameters each time.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    String,
    bindparam,
    false,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from quartapp.database.columns import SafeText, UtcDateTime
from quartapp.database.engines import schema_of, sync_of
from quartapp.database.onehop import one_trip
from quartapp.mail.outbox.prepared import Prepared, in_schema
from quartapp.mail.outbox.tables import contents, keys, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection, Dialect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.clock import Turns

    Row = Mapping[str, Any]

__all__ = ["insert"]

AT_ONCE = 200
"""Messages that are given to the driver together."""

LATER = {"deferred_at", "first_attempt_at", "token", "renewals", "lease", "intent_at"}
"""Columns that are null before the first claim: each parameter costs."""


async def insert(
    connection: AsyncConnection, rows: Sequence[Row], turns: Turns | None = None
) -> int:
    """Insert messages with their recipients and contents; returns how many rows of recipients.

    rows
        For each message those columns of `messages` that are not the same for every new one, its
        `content`, its `addresses`, what its recipients share (`recipient_status`,
        `recipient_reply`, `recipient_due_at`), and with a key that key's `key_hash` and
        `message_hash`.
    turns
        For many of them.

    A message whose key is taken is left out, with its recipients; the transaction lives on.
    """
    make = _for_sqlite if connection.dialect.name == "sqlite" else _for_postgres
    inserts = make(connection.dialect, schema_of(sync_of(connection)))
    bound = map(inserts.bound, rows)
    return await inserts.run(connection, await turns.all(bound) if turns else [*bound])


class PostgresInserts:
    """One statement for all tables, with a key or without: it inserts the rest of what it could."""

    def __init__(self, dialect: Dialect, schema: str | None) -> None:
        self._statements = {
            has_key: Prepared(_postgres_statement(schema, has_key=has_key), dialect)
            for has_key in (True, False)
        }

    def bound(self, row: Row) -> tuple[bool, Any]:
        """A message as the driver takes it, and whether it has a key."""
        return _has_key(row), self._statements[_has_key(row)].bound(row)

    async def run(self, connection: AsyncConnection, bound: Sequence[tuple[bool, Any]]) -> int:
        """Insert messages; returns how many rows of recipients."""
        return await connection.run_sync(self._insert, bound)

    def _insert(self, connection: Connection, bound: Sequence[tuple[bool, Any]]) -> int:
        count = 0
        # The driver encodes what it is given before anybody else has a turn.
        for first in range(0, len(bound), AT_ONCE):
            for has_key, some in groupby(bound[first : first + AT_ONCE], itemgetter(0)):
                rows = [parameters for _, parameters in some]
                count += self._statements[has_key].execute(connection, rows)
        return count


_for_postgres = lru_cache(maxsize=8)(PostgresInserts)


def _postgres_statement(schema: str | None, *, has_key: bool) -> ClauseElement:
    into_messages, into_recipients, into_contents, into_keys = _tables(schema)
    values = _new_message(into_messages)
    if has_key:
        key = _once(postgresql.insert(into_keys), into_keys).returning(into_keys.c.delivery_id)
        source = select(*values.values()).select_from(key.cte("key"))
        new = insert_into(into_messages).from_select(list(values), source, include_defaults=False)
    else:
        new = insert_into(into_messages).values(values)
    message = new.returning(into_messages.c.id).cte("message")
    content = insert_into(into_contents).from_select(
        ["delivery_id", "content"], select(message.c.id, bindparam("content", type_=LargeBinary))
    )
    addresses = (
        func.unnest(bindparam("addresses", type_=ARRAY(SafeText)))
        .table_valued("address", with_ordinality="number", name="recipient")
        .render_derived()
    )
    shared = (
        bindparam("recipient_status", type_=String),
        bindparam("recipient_reply", type_=SafeText),
        bindparam("recipient_due_at", type_=UtcDateTime),
    )
    return (
        insert_into(into_recipients)
        .from_select(
            ["delivery_id", "position", "address", "status", "reply", "due_at"],
            select(
                message.c.id, literal_column("number - 1"), addresses.c.address, *shared
            ).select_from(message.join(addresses, true())),
        )
        .add_cte(content.cte("content"))
    )


class SqliteInserts:
    """A statement for each table; they go to the driver's thread together."""

    def __init__(self, dialect: Dialect, schema: str | None) -> None:
        messages, recipients, contents, keys = _tables(schema)
        self._message = Prepared(insert_into(messages).values(_new_message(messages)), dialect)
        self._recipient = Prepared(insert_into(recipients).values(_parameters(recipients)), dialect)
        self._content = Prepared(insert_into(contents).values(_parameters(contents)), dialect)
        self._key = Prepared(_once(sqlite.insert(keys), keys), dialect)

    def bound(self, row: Row) -> tuple[Any, ...]:
        """A message as the driver takes it, for each statement."""
        return (
            self._key.bound(row) if _has_key(row) else None,
            self._message.bound(row),
            [self._recipient.bound(each) for each in _recipients(row)],
            self._content.bound({"delivery_id": row["id"], "content": row["content"]}),
        )

    async def run(self, connection: AsyncConnection, bound: Sequence[tuple[Any, ...]]) -> int:
        """Insert messages; returns how many rows of recipients."""
        driver: Any = sync_of(connection).connection.driver_connection
        try:
            return await one_trip(driver, partial(self._insert, bound))
        except sqlite3.Error as error:
            raise DBAPIError(self._message.sql, None, error) from error

    def _insert(self, bound: Sequence[tuple[Any, ...]], driver: sqlite3.Connection) -> int:
        count = 0
        with _all_or_nothing(driver):
            for key, message, recipient_rows, content in bound:
                if key is None or driver.execute(self._key.sql, key).rowcount:
                    driver.execute(self._message.sql, message)
                    count += driver.executemany(self._recipient.sql, recipient_rows).rowcount
                    driver.execute(self._content.sql, content)
        return count


_for_sqlite = lru_cache(maxsize=8)(SqliteInserts)


@contextmanager
def _all_or_nothing(driver: sqlite3.Connection) -> Iterator[None]:
    """Leave no half of a message behind for a caller that catches the error and commits.

    Nor one that another process might claim, where a host's engine never says BEGIN.
    """
    if driver.isolation_level is not None and not driver.in_transaction:
        # As the driver would say before the first INSERT, but not before a savepoint.
        driver.execute("BEGIN")
    driver.execute("SAVEPOINT quartapp_insert")
    try:
        yield
    except sqlite3.Error:
        # For some errors, such as a full disk, SQLite has rolled everything back itself.
        if driver.in_transaction:
            driver.execute("ROLLBACK TO quartapp_insert")
            driver.execute("RELEASE quartapp_insert")
        raise
    driver.execute("RELEASE quartapp_insert")


def _once(into_keys: Any, keys: Table) -> Any:
    """Insert a key where it is free: what makes asking twice queue once, in any isolation."""
    values = _parameters(keys) | {"delivery_id": bindparam("id", type_=keys.c.delivery_id.type)}
    free = {"status": null(), "pruned_at": null()}
    return into_keys.values(values | free).on_conflict_do_nothing(index_elements=[keys.c.key_hash])


def _has_key(row: Row) -> bool:
    return row.get("key_hash") is not None


def _recipients(row: Row) -> list[Row]:
    return [
        {
            "delivery_id": row["id"],
            "position": position,
            "address": address,
            "status": row["recipient_status"],
            "reply": row["recipient_reply"],
            "due_at": row["recipient_due_at"],
        }
        for position, address in enumerate(row["addresses"])
    ]


def _tables(schema: str | None) -> list[Table]:
    return in_schema(schema, messages, recipients, contents, keys)


def _parameters(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name, type_=column.type) for column in table.c}


def _new_message(table: Table) -> dict[str, Any]:
    """What is written of a new message: numbers that start at nothing are in the statement."""
    values = {name: value for name, value in _parameters(table).items() if name not in LATER}
    return values | {
        "is_retry": false(),
        "attempts": literal_column("0"),
        "outages": literal_column("0"),
        "wants_cancel": false(),
    }
