"""The notifier: NOTIFY where a message is queued, LISTEN where messages are delivered."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from quartapp.database import DatabaseUnavailable
from quartapp.database.reserve import context_in_reserve
from quartapp.database.url import postgres_address
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.database import Database
    from quartapp.database.postgres import PostgresAddress

__all__ = ["Notifier", "direct_address"]

logger = logging.getLogger(__name__)

CHANNEL = "quartapp_mail"
BETWEEN_NOTIFICATIONS = 0.1
BEFORE_LISTENING_AGAIN = 1.0
CLOSING = 2.0

POOLED = (
    "the database is reached through a pooler such as PgBouncer, which passes LISTEN only in "
    "session mode: where it does not, what other processes queue is found by the poll, within a "
    "second; set MAIL_NOTIFY_URL to the database's direct address to hear of it at once"
)


class Notifier:
    """A hint that saves the second until the next poll of the outbox; nothing relies on it.

    Where there is no LISTEN, on SQLite and with other drivers than asyncpg, it does nothing.

    direct
        Where to listen, past a pooler: see `direct_address`.
    queue
        Whose messages it is about: see MAIL_QUEUE.
    """

    def __init__(
        self, database: Database, direct: PostgresAddress | None = None, queue: str = "default"
    ) -> None:
        self._database = database
        self._queue = queue
        self._direct = direct
        self._is_due = False
        self._has_warned = False
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
            # Not by itself: an engine for a pooler would roll it back.
            async with self._database.writing() as connection:
                await connection.execute(text(f"NOTIFY {CHANNEL}, '{self._queue}'"))
        except DatabaseUnavailable as error:
            logger.debug("NOTIFY failed: %s", error)

    async def _listen(self, heard: Callable[[], None]) -> None:
        while not self._is_in_vain:
            try:
                await self._listen_once(heard)
            except DatabaseUnavailable as error:
                logger.debug("LISTEN failed: %s", error)
            await asyncio.sleep(BEFORE_LISTENING_AGAIN)
        logger.warning("%s", POOLED)

    @property
    def _is_in_vain(self) -> bool:
        return self._direct is None and self._database.is_pooled

    def _if_ours(self, heard: Callable[[], None]) -> Callable[..., None]:
        """Calls it for what is notified about our queue."""

        def hear(_connection: object, _process: int, _channel: str, queue: str) -> None:
            if queue == self._queue:
                heard()

        return hear

    async def _listen_once(self, heard: Callable[[], None]) -> None:
        """Listen until the connection is lost; not where it turns out to be a pooler's."""
        lost = asyncio.Event()
        async with self._connected() as driver:
            if self._is_in_vain:
                return
            if self._direct is None and not self._has_warned and await _is_pooled(driver):
                self._has_warned = True
                logger.warning("%s", POOLED)
            driver.add_termination_listener(lambda _: lost.set())
            await _add_listener(driver, self._if_ours(heard))
            # For what was notified before we listened.
            heard()
            await lost.wait()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        """The driver's connection, for us alone."""
        if self._direct is None:
            async with self._database.reading() as connection:
                yield await _taken_out(connection)
            return
        driver = await self._direct.connect()
        try:
            yield driver
        finally:
            await driver.close(timeout=CLOSING)


def direct_address(url: str | None) -> PostgresAddress | None:
    """Where MAIL_NOTIFY_URL leads to. Raises `SettingError`."""
    if url is None:
        return None
    try:
        return postgres_address(url)
    except ValueError as error:
        raise SettingError(f"MAIL_NOTIFY_URL {error}.") from None


async def _is_pooled(driver: Any) -> bool:
    """Whether a pooler stands in between: the number it gave us is not the server process's."""
    from asyncpg import PostgresError  # type: ignore[import-untyped]  # it has none

    try:
        process = await driver.fetchval("SELECT pg_backend_pid()")
    except PostgresError:
        # It has lost the statement, which only a pooler does.
        return True
    return bool(process != driver.get_server_pid())


async def _taken_out(connection: AsyncConnection) -> Any:
    """The driver's connection, for us alone: the pool may open another in its place."""
    driver = (await connection.get_raw_connection()).driver_connection
    await connection.run_sync(lambda own: own.detach())
    return driver


async def _add_listener(driver: Any, heard: Callable[..., None]) -> None:
    from asyncpg import (
        InterfaceError,
        PostgresError,
    )

    try:
        await driver.add_listener(CHANNEL, heard)
    except (InterfaceError, PostgresError, OSError) as error:
        raise DatabaseUnavailable(f"the database does not listen: {error}") from error
