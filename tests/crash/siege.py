"""A siege: workers that are killed again and again, and a supervisor that starts them again."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from quartapp.mail import Status
from quartapp.mail.testing import ReceivedMessage, message
from tests.crash.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from quartapp.mail import Mail
    from tests.crash.command import Command
    from tests.crash.conftest import Start

__all__ = ["Log", "Siege"]

SEED = 20261124
WORKERS = 2
MESSAGES = 6
"""How many messages are queued for each round."""

GRACE = timedelta(seconds=0.5)
"""Within this time after a kill the server has read what was on the wire, and no lease ends."""


@dataclass
class Log:
    """What the SMTP server has written down, read as it grows."""

    path: Path
    messages: list[ReceivedMessage] = field(default_factory=list)
    offset: int = 0

    def read(self) -> int:
        """Read on; the number of messages so far."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if line.endswith(b"\n"):
                    self.messages.append(ReceivedMessage.from_json(line))
                    self.offset += len(line)
        return len(self.messages)


@dataclass
class Siege:
    """Two workers, a supervisor that starts them again, and somebody who kills them.

    mail
        Queues messages and delivers none.
    settings
        The workers'.
    """

    mail: Mail
    start: Start
    settings: dict[str, Any]
    log: Log
    random: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    workers: list[Command] = field(default_factory=list)
    queued: set[str] = field(default_factory=set)
    kills: list[tuple[datetime, set[str]]] = field(default_factory=list)

    async def last(self, rounds: int) -> None:
        """Queue messages and kill a worker, so many times."""
        self.workers = [self._work() for _ in range(WORKERS)]
        for number in range(rounds):
            so_far = self.log.read()
            await self._keep(number)
            await self._sees(so_far + self.random.randint(0, MESSAGES))
            await asyncio.sleep(self.random.uniform(0, 0.01))
            await self._kill(self.random.randrange(WORKERS))

    async def end(self) -> None:
        """Wait for the last message, and stop the workers as one should."""

        async def is_over() -> bool:
            return (await self.mail.stats())[Status.SENT] == len(self.queued)

        await until(is_over, lambda: "every message sent")
        for worker in self.workers:
            worker.send(signal.SIGTERM)
            assert await worker.end() == 0, worker.said
        self.log.read()

    @property
    def copies(self) -> dict[str, list[ReceivedMessage]]:
        """What the server got, by Message-ID."""
        copies: dict[str, list[ReceivedMessage]] = defaultdict(list)
        for each in self.log.messages:
            copies[each.message_id].append(each)
        return copies

    def on_the_wire(self, copies: list[ReceivedMessage]) -> int:
        """How many kills met a message between its end of data and the recorded 250."""
        return sum(
            copies[0].message_id in unsure and any(copy.at < moment + GRACE for copy in copies)
            for moment, unsure in self.kills
        )

    def _work(self) -> Command:
        return self.start("quartapp", "mail", "work", **self.settings)

    async def _keep(self, number: int) -> None:
        async with self.mail.outbox.database.transaction() as session:
            for i in range(MESSAGES):
                written = message(subject=f"Round {number}, written {i}")
                delivery = await self.mail.send_later(written, session=session)
                self.queued.add(delivery.message_id)

    async def _sees(self, count: int) -> None:
        async def enough() -> bool:
            return self.log.read() >= count

        await until(enough, lambda: f"{count} messages; {self.log.read()} came")

    async def _kill(self, which: int) -> None:
        await self.workers[which].kill()
        moment = datetime.now(UTC)
        unsure = await self.mail.find(status=Status.SENDING, limit=1000)
        self.kills.append((moment, {delivery.message_id for delivery in unsure}))
        self.workers[which] = self._work()
