"""Messages over the pool: finished ones, and ones that are built for each send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

from benchmarks.loops import run
from benchmarks.message import RECIPIENT, SENDER, SUBJECT, Form, message
from benchmarks.ours.finished import finished
from benchmarks.stopwatch import Stopwatch
from benchmarks.variant import Failed
from quartapp.mail import Message
from quartapp.mail.message.encoding import Encoded, encode
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports import Result
from quartapp.mail.transports.smtp.transport import SMTPTransport

__all__ = ["built", "send"]

Send = Callable[[Encoded], Awaitable[None]]

SENDERS = 2
"""Tasks for each connection, as a dispatcher has more messages in hand than connections."""


def send(port: int, messages: int, connections: int, loop: str) -> dict[str, float]:
    """The same finished message again and again, a session for each."""
    content = finished()
    return run(_send(port, messages, connections, lambda: content), loop)


def built(port: int, messages: int, connections: int, loop: str) -> dict[str, float]:
    """The same, with a message made and written for each message, as the peers do."""
    form, settings = message(), MailSettings()
    return run(_send(port, messages, connections, lambda: _built(form, settings)), loop)


def _built(form: Form, settings: MailSettings) -> Encoded:
    message = Message(
        SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=form.body, html=form.html
    )
    return encode(message, settings)


async def _send(
    port: int, messages: int, connections: int, make: Callable[[], Encoded]
) -> dict[str, float]:
    logging.disable(logging.INFO)
    settings = MailSettings(server="127.0.0.1", port=port, connections=connections)
    left = iter(range(messages))
    with Stopwatch() as watch:
        async with _open(settings) as carry, asyncio.TaskGroup() as group:
            for _ in range(connections * SENDERS):
                group.create_task(_send_some(carry, left, make))
    return watch.figures(messages)


@asynccontextmanager
async def _open(settings: MailSettings) -> AsyncIterator[Send]:
    transport = SMTPTransport(settings)

    async def carry(message: Encoded) -> None:
        async with transport.session() as session:
            outcome = await session.send(message.envelope, message.content)
        [answer] = outcome.answers.values()
        if answer.result is not Result.ACCEPTED:
            raise Failed(f"the sink said {answer.reply}")

    try:
        yield carry
    finally:
        await transport.close()


async def _send_some(carry: Send, left: Iterator[int], make: Callable[[], Encoded]) -> None:
    for _ in left:
        await carry(make())
