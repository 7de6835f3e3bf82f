"""A large message: built, queued and sent beside everything else that the event loop has to do."""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from quartapp.mail import Message, Status, email_dispatched
from quartapp.mail.testing import message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quartapp.mail import Mail
    from tests.crash.conftest import Start

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]

LONGEST = 0.05
"""How long the loop may be at one thing, in seconds, on a machine that is not slow."""

ATTEMPTS = 3


@pytest.fixture
async def port(start: Start, tmp_path: Path) -> str:
    """The port of an SMTP server that does its work in a process of its own."""
    server = start("smtp-server", "--log", str(tmp_path / "messages.jsonl"))
    return await server.says(r":(\d+)\n")


@pytest.fixture(params=["attachment", "body"])
def large_message(request: pytest.FixtureRequest) -> Message:
    """A written of 25 MiB on the wire."""
    if request.param == "body":
        return message(body="Tea is at four.\n" * (25 << 16))
    written = message()
    written.attach("tea.bin", "application/octet-stream", os.urandom(18 << 20))
    return written


async def test_a_message_of_25_mib_does_not_hold_up_the_loop(
    serve: Serve, migrated_url: str, port: str, large_message: Message
) -> None:
    async def see(_app: object, message: Message) -> None:
        seen.append(message.msgId)

    seen: list[str | None] = []
    # Measured again only where it looks slow, as the machine has slow moments of its own.
    for _ in range(ATTEMPTS):
        async with serve(migrated_url, MAIL_PORT=port, MAIL_MAX_SIZE="40MiB") as mail:
            async with measured() as while_composing:
                message = await mail._parts.submission.finish(large_message)
            with email_dispatched.connected_to(see, mail.host.app):
                async with measured() as while_sending:
                    done = await mail.wait(await mail.send_later(large_message), timeout=30)

        longest = max(while_composing + while_sending)
        print(f"{len(message.content)} bytes; at one thing for {longest * 1000:.0f} ms")
        assert (done.status, seen.pop()) == (Status.SENT, done.message_id)
        assert len(while_composing) > 1
        if longest < (most := max(LONGEST, seconds_to_encode(10 << 20))):
            break
    assert longest < most


def seconds_to_encode(size: int) -> float:
    """What so many bytes of an attachment take here and now: 50 ms for 10 MiB, or more."""
    began = time.thread_time()
    base64.encodebytes(bytes(size))
    return time.thread_time() - began


@asynccontextmanager
async def measured() -> AsyncIterator[list[float]]:
    """How long the loop's thread works between two turns, however busy the machine is."""
    stretches: list[float] = []
    # As a process that serves does: pytest's own objects are many, and not looked through there.
    # They stay frozen: each test after this one would pay for them.
    gc.collect()
    gc.freeze()
    ticking = asyncio.create_task(_tick(stretches))
    yield stretches
    ticking.cancel()


async def _tick(stretches: list[float]) -> None:
    while True:
        before = time.thread_time()
        await asyncio.sleep(0)
        stretches.append(time.thread_time() - before)
