"""Logins that wait for each other across processes, and go on when one was accepted."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quartapp.mail.outbox import logins
from quartapp.mail.transports.logins import OwnStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.outbox import Outbox
    from quartapp.mail.server_settings import ServerSettings
    from quartapp.mail.transports import Breaker
    from quartapp.mail.transports.logins import Logins, LoginState

__all__ = ["SharedStore", "keep_looking"]

logger = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at whether another process has logged in, during a pause."""


class SharedStore:
    """The state of the login in the outbox's database; in this process while that is away.

    is_shared
        Whether the database is used at all: sending now needs none.
    """

    def __init__(
        self, settings: ServerSettings, outbox: Outbox, is_shared: Callable[[], bool]
    ) -> None:
        self._server = f"{settings.username}@{settings.server}:{settings.port}"
        self._outbox = outbox
        self._is_shared = is_shared
        self._own = OwnStore()

    async def read(self) -> LoginState | None:
        """The state."""
        if self._is_shared():
            try:
                self._own.state = await logins.read(self._outbox.database, self._server)
            except Exception as error:  # noqa: BLE001  # sending does not depend on it
                logger.debug("the pause of logins could not be read: %s", error)
        return self._own.state

    async def write(self, state: LoginState, expects: LoginState | None) -> bool:
        """Replace the state."""
        is_written = await self._own.write(state, expects)
        if self._is_shared():
            try:
                return await logins.write(self._outbox.database, self._server, state, expects)
            except Exception as error:  # noqa: BLE001  # sending does not depend on it
                logger.debug("the pause of logins could not be written: %s", error)
        return is_written


async def keep_looking(logins: Logins, breaker: Breaker, wake: Callable[[], None]) -> None:
    """Have delivery go on once a paused login is over, until cancelled."""
    while True:
        await asyncio.sleep(LOOK)
        if logins.is_paused and breaker.remaining and await logins.is_over():
            logins.is_paused = False
            breaker.lift()
            wake()
