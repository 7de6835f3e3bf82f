"""aiosmtplib alone: a plain pool of connections that sends finished bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosmtplib

from benchmarks.loops import run
from benchmarks.message import RECIPIENT
from benchmarks.ours.finished import finished
from benchmarks.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pool"]


def pool(port: int, messages: int, connections: int, loop: str) -> dict[str, float]:
    """The same finished message again and again over connections that stay open."""
    return run(_pool(port, messages, connections), loop)


async def _pool(port: int, messages: int, connections: int) -> dict[str, float]:
    content = finished().content
    left = iter(range(messages))
    with Stopwatch() as watch:
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(_send(port, content, left))
    return watch.figures(messages)


async def _send(port: int, content: bytes, left: Iterator[int]) -> None:
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=port, local_hostname="localhost"
    ) as client:
        for _ in left:
            await client.sendmail("flasky@example.com", [RECIPIENT], content)
