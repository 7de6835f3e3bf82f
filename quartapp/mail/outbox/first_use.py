"""Tables on first use: under TESTING and debug nobody has to make the mail tables beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect

from quartapp.database.engines import schema_of
from quartapp.mail.outbox.tables import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["FirstUse"]


class FirstUse:
    """Makes missing tables in the transaction that needs them, so that a rollback takes them back.

    is_wanted
        Whether they are made at all; asked again as long as they are missing.
    make
        Makes them on a connection, inside its transaction.
    database
        The database in use: a host may open another, where they are missing again.
    """

    def __init__(
        self,
        is_wanted: Callable[[], bool],
        make: Callable[[AsyncConnection], Awaitable[None]],
        database: Callable[[], object],
    ) -> None:
        self._is_wanted = is_wanted
        self._make = make
        self._database = database
        self._settled: object = None

    @property
    def _is_settled(self) -> bool:
        return self._settled is not None and self._settled is self._database()

    async def prepare(self, connection: AsyncConnection) -> bool:
        """Make what is missing; returns whether `settle` is to be called after the commit."""
        if self._is_settled or not self._is_wanted():
            return False
        if not await connection.run_sync(_has_tables):
            await self._make(connection)
        return True

    async def are_there(self, connection: AsyncConnection) -> bool:
        """Whether the tables can be read; what has no tables yet is empty."""
        if self._is_settled or not self._is_wanted():
            return True
        return await connection.run_sync(_has_tables)

    def settle(self) -> None:
        """The tables are committed: look no more."""
        self._settled = self._database()


def _has_tables(connection: Connection) -> bool:
    return inspect(connection).has_table(messages.name, schema=schema_of(connection))
