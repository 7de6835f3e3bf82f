"""Outages: a database that is unavailable or busy, whatever the driver raises."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DatabaseBusy",
    "DatabaseUnavailable",
    "SchemaError",
    "connecting",
    "is_missing",
    "translated",
]

SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SQLITE_OUTAGES = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}

# Classes of SQLSTATE: connection, login, transaction rolled back, resources, operator
# intervention, system errors; then a standby that takes no writes, a database that does not
# exist, and a lock that is not available.
POSTGRES_OUTAGES = ("08", "28", "40", "53", "57", "58", "25006", "3D000", "55P03")

# A statement or a cursor that another connection has, or this one has already.
POSTGRES_ELSEWHERE = {"26000", "34000", "42P05"}
ELSEWHERE = (
    "the database has lost a prepared statement ({}): a pooler such as PgBouncer gives each "
    "transaction another connection, so add pgbouncer=true to the parameters of DATABASE_URL, or "
    "make the engine that mail is given with `Database(url)` and that parameter"
)

POSTGRES_MISSING = {"42P01", "42703"}
SQLITE_MISSING = ("no such table: ", "no such column: ")


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or cannot take a write just now. A retry may help."""


class DatabaseBusy(DatabaseUnavailable):
    """SQLite's lock, or every connection, was in use for longer than we wait."""


class SchemaError(Exception):
    """Tables that are missing, or of another version. The text is one sentence with the cure."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what drivers raise for an outage into our own errors; a wrong statement stays one."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy("every database connection is in use") from error
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code in SQLITE_BUSY:
            raise DatabaseBusy(
                "another connection writes to the SQLite file, or it is this task's own: "
                "then pass session=, or call this after its transaction"
            ) from error
        if _is_elsewhere(error):
            raise DatabaseUnavailable(ELSEWHERE.format(_words(error))) from error
        if error.connection_invalidated or code in SQLITE_OUTAGES or _is_postgres_outage(error):
            raise DatabaseUnavailable(f"the database cannot be used now: {error.orig}") from error
        raise


@contextmanager
def connecting() -> Iterator[None]:
    """The same for the moment of connecting, when an operating system's error speaks of it too."""
    try:
        with translated():
            yield
    except OSError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {error}") from error


def is_missing(error: DBAPIError) -> bool:
    """Whether a statement failed because a table, or a column of it, is not there."""
    if getattr(error.orig, "sqlstate", None) in POSTGRES_MISSING:
        return True
    return str(error.orig).startswith(SQLITE_MISSING) or " has no column named " in str(error.orig)


def _is_elsewhere(error: DBAPIError) -> bool:
    """Whether a pooler has given a statement to a connection that does not know it."""
    state = getattr(error.orig, "sqlstate", None)
    # With the name of another client's, it is the number of parameters that does not fit.
    is_another = state == "08P01" and "prepared statement" in str(error.orig)
    return is_another or state in POSTGRES_ELSEWHERE


def _words(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0].partition("'>: ")[2]


def _is_postgres_outage(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(POSTGRES_OUTAGES)
