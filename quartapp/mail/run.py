"""One run that many share: the first who enters starts it, the last who leaves ends it."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

__all__ = ["Run"]


class Run:
    """A re-entrant `async with`, which may be left in another task than it was entered in.

    make
        Makes the block that is entered and left once. Both happen in tasks with a context of
        their own: what is started inside must not carry the request of whoever came first.
    check
        Raises where whoever enters would make the start wait for themselves.
    """

    def __init__(
        self,
        make: Callable[[], AbstractAsyncContextManager[None]],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._make = make
        self._check = check
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock: asyncio.Lock | None = None
        self._block: AbstractAsyncContextManager[None] | None = None
        self._users = 0

    def is_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it goes on in this event loop."""
        return self._block is not None and self._loop is loop

    @property
    def is_used(self) -> bool:
        """Whether somebody has entered it, or is about to."""
        return self._users > 0

    async def enter(self) -> None:
        """Start it unless it goes on. Raises what starting raises."""
        self._check()
        async with self._of_this_loop():
            self._users += 1
            try:
                if self._block is None:
                    await _in_own_context(self._start())
            except BaseException:
                self._users -= 1
                await self._end_if_unused()
                raise

    async def leave(self) -> None:
        """End it unless others are left. Raises what ending raises."""
        if self._loop is not asyncio.get_running_loop() or not self._users:
            return
        self._users -= 1
        async with self._of_this_loop():
            await self._end_if_unused()

    async def _start(self) -> None:
        block = self._make()
        await block.__aenter__()
        self._block = block

    async def _end_if_unused(self) -> None:
        if not self._users and self._block is not None:
            block, self._block = self._block, None
            await _in_own_context(block.__aexit__(None, None, None))

    def _of_this_loop(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is not None and self._loop is loop:
            return self._lock
        if self._loop is not None and self._block is not None and not self._loop.is_closed():
            raise MailError("the mail service runs in another event loop: stop it there first")
        # What a closed loop left behind cannot be ended any more.
        self._loop, self._lock, self._block, self._users = loop, asyncio.Lock(), None, 0
        return self._lock


async def _in_own_context(step: Coroutine[Any, Any, object]) -> None:
    await asyncio.create_task(step, name="mail: start or stop", context=contextvars.Context())
