"""The notifier: NOTIFY where a message is queued, LISTEN where messages are delivered."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from quartapp.database import DatabaseUnavailable
from quartapp.database.reserve import context_in_reserve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database

__all__ = ["Notifier"]

logger = logging.getLogger(__name__)

CHANNEL = "quartapp_mail"
BETWEEN_NOTIFICATIONS = 0.1
BEFORE_LISTENING_AGAIN = 1.0


class Notifier:
    """A hint that saves the second until the next poll of the outbox; nothing relies on it.

    Where there is no LISTEN, on SQLite and with other drivers than asyncpg, it does nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_due = False
        self._notifying: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def works(self) -> bool:
        """Whether the database can notify."""
        return self._database.engine.dialect.driver == "asyncpg"

    def notify(self) -> None:
        """Say that something was committed: at most ten times a second, the last one always."""
        self._is_due = self.works
        if self._is_due and self._notifying is None:
            self._notifying = asyncio.create_task(
                self._notify_while_due(), name="mail: notifier", context=context_in_reserve()
            )

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` for what other processes notify, from now until `close`."""
        if self.works:
            self._listener = asyncio.create_task(
                self._listen(heard), name="mail: listener", context=context_in_reserve()
            )

    async def close(self) -> None:
        """Neither notify nor listen any more."""
        tasks = [task for task in (self._notifying, self._listener) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._notifying = self._listener = None

    async def _notify_while_due(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                await self._notify()
                # Commits that notify wait for each other in PostgreSQL: not one for each message.
                await asyncio.sleep(BETWEEN_NOTIFICATIONS)
        finally:
            self._notifying = None

    async def _notify(self) -> None:
        try:
            async with self._database.reading() as connection:
                await connection.execute(text(f"NOTIFY {CHANNEL}"))
        except DatabaseUnavailable as error:
            logger.debug("NOTIFY failed: %s", error)

    async def _listen(self, heard: Callable[[], None]) -> None:
        while True:
            try:
                async with self._listening(heard) as lost:
                    # For what was notified before we listened.
                    heard()
                    await lost.wait()
            except DatabaseUnavailable as error:
                logger.debug("LISTEN failed: %s", error)
            await asyncio.sleep(BEFORE_LISTENING_AGAIN)

    @asynccontextmanager
    async def _listening(self, heard: Callable[[], None]) -> AsyncIterator[asyncio.Event]:
        """A connection that listens; the event is set when it is lost."""
        lost = asyncio.Event()
        async with self._database.reading() as connection:
            driver = await _taken_out(connection)
            driver.add_termination_listener(lambda _: lost.set())
            await _add_listener(driver, lambda *_: heard())
            yield lost


async def _taken_out(connection: AsyncConnection) -> Any:
    """The driver's connection, for us alone: the pool may open another in its place."""
    driver = (await connection.get_raw_connection()).driver_connection
    await connection.run_sync(lambda own: own.detach())
    return driver


async def _add_listener(driver: Any, heard: Callable[..., None]) -> None:
    from asyncpg import (  # type: ignore[import-untyped]  # it has none
        InterfaceError,
        PostgresError,
    )

    try:
        await driver.add_listener(CHANNEL, heard)
    except (InterfaceError, PostgresError, OSError) as error:
        raise DatabaseUnavailable(f"the database does not listen: {error}") from error
