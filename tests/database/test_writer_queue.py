"""The writer queue: who comes last, and who comes first all the same."""

from __future__ import annotations

import asyncio

from quartapp.database.writer_queue import GIVES_WAY, WriterQueue

PATIENCE = 30.0


async def wait_until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_who_comes_last_goes_after_those_who_came_later():
    queue, turns = WriterQueue(PATIENCE), []

    async def last():
        async with queue.last():
            turns.append("last")

    async def write(name):
        async with queue:
            turns.append(name)

    async with asyncio.TaskGroup() as tasks, queue:
        tasks.create_task(last())
        await wait_until(lambda: queue.waiting)
        tasks.create_task(write("first"))
        tasks.create_task(write("second"))
        await wait_until(lambda: queue.waiting == 3)

    assert turns == ["first", "second", "last"]


async def test_who_comes_last_is_not_passed_over_for_ever():
    queue, turns, is_over = WriterQueue(PATIENCE), [], asyncio.Event()

    async def write():
        while not is_over.is_set():
            async with queue:
                turns.append("other")
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(write())
        await wait_until(lambda: queue.waiting == 2)
        before = len(turns)
        async with asyncio.timeout(5), queue.last():
            passed = len(turns) - before
        is_over.set()

    assert GIVES_WAY <= passed <= 3 * (GIVES_WAY + 1)
