"""Waiting for letters: woken by this process, and looking once a second for what others did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail.delivery import Delivery
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.post import Post
    from quartapp.mail.watchers import Watchers

__all__ = ["Waiting"]

POLL = 1.0


class Waiting:
    """For one letter, or for all of them."""

    def __init__(self, outbox: Outbox, post: Post, watchers: Watchers) -> None:
        self._outbox = outbox
        self._post = post
        self._watchers = watchers

    async def end_of(self, letter_id: str) -> Delivery:
        """The letter in its final state. Raises `LookupError`."""
        changes = [delivery async for delivery in self.watch(letter_id)]
        return changes[-1]

    async def watch(self, letter_id: str) -> AsyncIterator[Delivery]:
        """The letter's changes, from how it stands now to a final state. Raises `LookupError`."""
        last = None
        with self._watchers.watching(letter_id) as changed:
            while last is None or not last.is_final:
                changed.clear()
                current = await self._outbox.get(letter_id)
                if current is None:
                    raise LookupError(f"there is no letter {letter_id}, or it is not committed")
                if current == last:
                    await _set_or_over(changed)
                    continue
                last = current
                yield current

    async def drain(self) -> None:
        """Until nothing is due and nothing is on the wire, or the server is in trouble.

        What has befallen a letter until then is written down.
        """
        with self._watchers.watching("") as changed:
            while not self._post.is_blocked or self._post.is_recording:
                changed.clear()
                if not self._post.is_busy and not await self._outbox.has_work():
                    return
                self._post.wake()
                await _set_or_over(changed)


async def _set_or_over(changed: asyncio.Event) -> None:
    """Until the event is set, or it is time to look anyway: another process may have acted."""
    try:
        async with asyncio.timeout(POLL):
            await changed.wait()
    except TimeoutError:
        return
