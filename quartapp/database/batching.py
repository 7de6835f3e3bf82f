"""Batcher: items that arrive during a write are written together in the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from quartapp.database.reserve import context_in_reserve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Batcher"]

Item = TypeVar("Item")
Written = TypeVar("Written")


class Batcher(Generic[Item, Written]):
    """Writes items in batches, one batch at a time, and returns to each caller its own result.

    write
        Writes a batch and returns the result of each item, in order. What it raises is raised
        to every caller of that batch.
    limit
        The most items in a batch.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Written]]], limit: int = 500
    ) -> None:
        self._write = write
        self._limit = limit
        self._pending: list[tuple[Item, asyncio.Future[Written]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Written:
        """Write the item together with others; returns its result."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._writer is None:
            # In a clean context: it goes on with the items of other requests.
            self._writer = asyncio.create_task(
                self._write_all(), name="mail: batcher", context=context_in_reserve()
            )
        return await future

    async def abandon(self) -> None:
        """Stop writing; callers that still wait are cancelled."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[: self._limit], self._pending[self._limit :]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _write_batch(self, batch: list[tuple[Item, asyncio.Future[Written]]]) -> None:
        try:
            written = await self._write([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  # each caller gets it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, written, strict=True):
            if not future.done():
                future.set_result(result)
