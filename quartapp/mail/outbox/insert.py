"""Insert messages: statements compiled once, and one trip to the database for all of them.

A caller waits for this inside its own transaction. By SQLAlchemy's usual way the three INSERTs
cost three round trips, on SQLite up to twelve changes of thread, and the naming of fifty
parameters each time.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    MetaData,
    String,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from quartapp.database.columns import SafeText, UtcDateTime
from quartapp.database.engines import schema_of
from quartapp.database.onehop import one_trip
from quartapp.mail.outbox.tables import contents, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection, Dialect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    Row = Mapping[str, Any]

__all__ = ["insert"]


async def insert(connection: AsyncConnection, rows: Sequence[Row]) -> int:
    """Insert messages with their recipients and contents; returns how many rows of recipients.

    rows
        For each message the columns of `messages`, its `content`, its `addresses`, and what its
        recipients share: `recipient_status`, `recipient_reply`, `recipient_due_at`.

    A message whose key is taken is left out, with its recipients; the transaction lives on.
    """
    database = _insert_sqlite if connection.dialect.name == "sqlite" else _insert_postgres
    return await connection.run_sync(database, rows)


class Prepared:
    """A statement in the words of one driver, which takes rows of values as they are.

    statement
        Its parameters are named like the values.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._is_positional = compiled.positiontup is not None
        self._parameters = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.binds
        ]

    def bound(self, row: Row) -> Any:
        """A row as the driver takes it: in order, or by name."""
        values = [
            process(row.get(name)) if process else row.get(name)
            for name, process in self._parameters
        ]
        if self._is_positional:
            return tuple(values)
        return {name: value for (name, _), value in zip(self._parameters, values, strict=True)}


def _insert_postgres(connection: Connection, rows: Sequence[Row]) -> int:
    statement = _for_postgres(connection.dialect, schema_of(connection))
    bound = [statement.bound(row) for row in rows]
    return connection.exec_driver_sql(statement.sql, bound if len(bound) > 1 else bound[0]).rowcount


@lru_cache(maxsize=8)
def _for_postgres(dialect: Dialect, schema: str | None) -> Prepared:
    """One statement for all three tables: it inserts the rest of what it could insert."""
    into_messages, into_recipients, into_contents = _tables(schema)
    message = (
        postgresql.insert(into_messages)
        .values(_parameters(into_messages))
        .on_conflict_do_nothing(index_elements=[into_messages.c.idempotency_key])
        .returning(into_messages.c.id)
        .cte("message")
    )
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
    statement = (
        insert_into(into_recipients)
        .from_select(
            ["delivery_id", "position", "address", "status", "reply", "due_at"],
            select(
                message.c.id, literal_column("number - 1"), addresses.c.address, *shared
            ).select_from(message.join(addresses, true())),
        )
        .add_cte(content.cte("content"))
    )
    return Prepared(statement, dialect)


def _insert_sqlite(connection: Connection, rows: Sequence[Row]) -> int:
    into_messages, into_recipients, into_contents = _for_sqlite(
        connection.dialect, schema_of(connection)
    )

    def run(driver: sqlite3.Connection) -> int:
        count = 0
        with _all_or_nothing(driver):
            for message, recipient_rows, content in bound:
                if driver.execute(into_messages.sql, message).rowcount:
                    count += driver.executemany(into_recipients.sql, recipient_rows).rowcount
                    driver.execute(into_contents.sql, content)
        return count

    bound = [
        (
            into_messages.bound(row),
            [into_recipients.bound(each) for each in _recipients(row)],
            into_contents.bound({"delivery_id": row["id"], "content": row["content"]}),
        )
        for row in rows
    ]
    driver: Any = connection.connection.dbapi_connection
    try:
        count: int = driver.run_async(partial(one_trip, work=run))
    except sqlite3.Error as error:
        raise DBAPIError(into_messages.sql, None, error) from error
    return count


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


@lru_cache(maxsize=8)
def _for_sqlite(dialect: Dialect, schema: str | None) -> tuple[Prepared, Prepared, Prepared]:
    into_messages, into_recipients, into_contents = _tables(schema)
    once = sqlite.insert(into_messages).on_conflict_do_nothing(
        index_elements=[into_messages.c.idempotency_key]
    )
    return (
        Prepared(once.values(_parameters(into_messages)), dialect),
        Prepared(insert_into(into_recipients).values(_parameters(into_recipients)), dialect),
        Prepared(insert_into(into_contents).values(_parameters(into_contents)), dialect),
    )


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


def _tables(schema: str | None) -> tuple[Table, Table, Table]:
    if schema is None:
        return messages, recipients, contents
    there = MetaData()
    moved = [table.to_metadata(there, schema=schema) for table in (messages, recipients, contents)]
    return moved[0], moved[1], moved[2]


def _parameters(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name, type_=column.type) for column in table.c}
