"""Batched writes: what arrives while a write is under way shares the next one."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Batcher"]

Item = TypeVar("Item")
Written = TypeVar("Written")


class Batcher(Generic[Item, Written]):
    """Writes items in batches, one batch at a time, and tells each caller what came of its own.

    write
        Writes a batch and returns what came of each item, in order. What it raises, every
        caller of that batch gets.
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
        """Have the item written with others; returns what came of it."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._writer is None:
            # In a context of its own: it outlives the request whose item came first.
            self._writer = asyncio.create_task(
                self._write_all(), name="mail: group commit", context=contextvars.Context()
            )
        return await future

    async def abandon(self) -> None:
        """Stop writing; whoever still waits is told by a cancellation."""
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
