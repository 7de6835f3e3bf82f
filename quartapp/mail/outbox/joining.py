"""Joining a caller's session: which one may be joined, and what it means when that fails."""

from __future__ import annotations

import os
import sqlite3
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, InvalidRequestError, UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

from quartapp.database.postgres_url import normalised
from quartapp.database.url import shown
from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["joinable", "joining"]

POSTGRES_PORT = 5432
PLACES = ("host", "hostaddr", "port", "service", "servicefile", "options", "search_path")
POSTGRES_READ_ONLY, POSTGRES_FAILED = "25006", "25P02"

READ_ONLY = (
    "the session only reads: queue the message in one that may write, such as that of "
    "`database.transaction()`"
)


def joinable(session: AsyncSession | async_scoped_session[AsyncSession], ours: URL) -> AsyncSession:
    """The session, or the one that a scoped session stands for. Raises `MailError`.

    ours
        Where the outbox is.
    """
    if isinstance(session, async_scoped_session):
        session = session()
    if not isinstance(session, AsyncSession):
        raise MailError(f"session= is {type(session).__name__}: give an AsyncSession")
    try:
        theirs = session.get_bind().engine.url
    except UnboundExecutionError:
        raise MailError(
            "the session is bound to no engine of its own, so the message could land in any of "
            "several databases: pass AsyncSession(engine)"
        ) from None
    if theirs != ours and _place(theirs) != _place(ours):
        raise MailError(
            f"the session is on {shown(theirs)}, the outbox on "
            f"{shown(ours)}: give mail the session's engine, "
            "`Mail(app, engine=engine)`"
        )
    return session


def _place(url: URL) -> tuple[object, ...]:
    """Which database an address leads to, whoever signs in there and by which driver."""
    name = url.database
    if url.get_backend_name() != "postgresql":
        if name and not name.startswith((":", "file:")):
            name = os.path.realpath(name)
        return url.get_backend_name(), name, url.query
    return _postgres_place(url)


@lru_cache(maxsize=16)
def _postgres_place(url: URL) -> tuple[object, ...]:
    """What one is connected to; how does not matter."""
    with suppress(ValueError):
        url = normalised(url)
    port = url.port or (POSTGRES_PORT if url.host else None)
    places = {key: url.query[key] for key in PLACES if key in url.query}
    return url.get_backend_name(), url.host, port, url.database, places


@asynccontextmanager
async def joining(session: AsyncSession | None) -> AsyncIterator[None]:
    """Raise `MailError` for what is wrong with the caller's session, and with nothing else."""
    try:
        yield
    except InvalidRequestError as error:
        if session is None:
            raise
        why = str(error).partition("\n")[0]
        raise MailError(
            f"the session cannot be used ({why}): give one whose transaction goes on"
        ) from error
    except DBAPIError as error:
        if session is None:
            raise
        connection = await session.connection()
        if getattr(error.orig, "sqlstate", None) == POSTGRES_FAILED:
            raise MailError("the session's transaction has failed: roll it back first") from error
        if await _only_reads(connection, error):
            raise MailError(READ_ONLY) from error
        raise


async def _only_reads(connection: AsyncConnection, error: DBAPIError) -> bool:
    """Whether the caller wants it so; a file or a server that takes no writes is an outage."""
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
        return bool((await connection.exec_driver_sql("PRAGMA query_only")).scalar())
    if getattr(error.orig, "sqlstate", None) != POSTGRES_READ_ONLY:
        return False
    driver: Any = (await connection.get_raw_connection()).driver_connection
    settings = driver.get_settings()
    return all(
        getattr(settings, name, "on") == "off"
        for name in ("in_hot_standby", "default_transaction_read_only")
    )
