"""The dispatcher: claims what is due, sends each message as a task, records the outcome."""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context
from typing import TYPE_CHECKING

from quartapp.database.reserve import context_in_reserve
from quartapp.mail.delivery.attempts import Attempts
from quartapp.mail.delivery.batched_outbox import BatchedOutbox
from quartapp.mail.delivery.database_outage import DatabaseOutage
from quartapp.mail.delivery.lease_watch import LeaseWatch
from quartapp.mail.delivery.leases import Leases
from quartapp.mail.delivery.prefetch import ContentLimit, Prefetch
from quartapp.mail.delivery.pruner import prune_for_ever
from quartapp.mail.delivery.sender import Sender, SendJob
from quartapp.mail.outbox.border import outages
from quartapp.mail.transports import BreakerState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from quartapp.mail.clock import Clock
    from quartapp.mail.delivery.attempts import OnRecord
    from quartapp.mail.outbox import Outbox
    from quartapp.mail.outbox.claim import Batch
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Breaker, Transport

__all__ = ["Dispatcher"]

logger = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two polls of an idle outbox. Being woken is a hint, this is the guarantee."""

GATHER = 0.05
"""Seconds between two polls while messages come one by one. The first is sent at once; meanwhile
those who enqueue the next ones have the database to themselves."""


CLAIMING = "claiming messages"


class Dispatcher:
    """One per process. It owns its tasks and ends them all in `stop`.

    transport
        Gives the transport for messages of a backend, asked anew for each message.
    on_record
        See `Attempts`.
    on_end
        Called with the id of every message that is no longer in progress, when all else is done.
    """

    def __init__(
        self,
        settings: MailSettings,
        outbox: Outbox,
        clock: Clock,
        *,
        transport: Callable[[str], Transport],
        breaker: Breaker,
        on_record: OnRecord,
        on_end: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._breaker = breaker
        self._on_end = on_end
        self._database = DatabaseOutage(clock)
        self._leases = Leases(outbox, settings.lease, clock, self._database)
        self._watch = LeaseWatch(POLL, clock)
        self._batched = BatchedOutbox(outbox, self._database)
        self._contents = ContentLimit()
        self._sender = Sender(
            settings,
            outbox,
            transport,
            load=self._batched.load,
            check=self._leases.check,
            stamp=self._batched.stamp,
            contents=self._contents,
        )
        self._prefetch = Prefetch(settings.connections, clock)
        self._jobs: dict[asyncio.Task[None], SendJob] = {}
        self._size = 0
        self._loops: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._attempts = Attempts(
            self._sender, self._batched, stopping=self._stopping, on_record=on_record
        )
        self._has_more = False

    def __repr__(self) -> str:
        state = "running" if self.is_running else "stopped"
        return f"<Dispatcher {state}, {len(self._jobs)} messages in progress; {self._breaker!r}>"

    @property
    def outage(self) -> str | None:
        """Why the database does not serve us, None where it does."""
        return self._database.sentence

    @property
    def is_running(self) -> bool:
        """Whether its loops are alive."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    @property
    def in_progress(self) -> int:
        """How many messages it has claimed and not yet recorded."""
        return len(self._jobs)

    @property
    def is_recording(self) -> bool:
        """Whether a decision about a message in progress is still to be written."""
        return any(job.is_decided for job in self._jobs.values())

    def holds(self, delivery_id: str) -> bool:
        """Whether this message is in progress, its receivers included."""
        return any(job.claim.id == delivery_id for job in self._jobs.values())

    def start(self) -> None:
        """Begin to deliver."""
        self._loops = [
            _task(self._deliver(), "mail: dispatcher"),
            _task(self._leases.keep_alive(), "mail: leases"),
            _task(prune_for_ever(self._outbox), "mail: pruner"),
        ]

    def wake(self) -> None:
        """Poll the outbox now; something may be due."""
        self._woken.set()

    async def stop(self, cut: Callable[[], Awaitable[None]]) -> None:
        """Stop claiming, release what is before its end of data, wait for pending replies.

        cut
            Closes the connections once the drain time is over: what is still waiting for its
            reply then becomes uncertain.

        Never raises.
        """
        self._stopping.set()
        self._woken.set()
        await asyncio.wait(self._loops[:1], timeout=POLL)
        for task, job in list(self._jobs.items()):
            if job.may_be_cut:
                task.cancel()
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=self._settings.drain_timeout)
        await cut()
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=POLL)
        for task in [*self._loops, *self._jobs]:
            task.cancel()
            await _ended(task)
        await self._batched.abandon()
        self._loops = []

    async def _deliver(self) -> None:
        while not self._stopping.is_set():
            # Cleared before looking: what is committed from here on wakes us again.
            self._woken.clear()
            try:
                with outages():
                    await self._claim_what_is_due()
            except Exception as error:  # noqa: BLE001  # it is logged, and tried again
                self._database.begin(CLAIMING, error)
                self._has_more = False
            if self._database.pause:
                # Not to be woken: each commit of a host that has no mail tables would do it.
                await _at_most(self._database.pause, self._stopping)
            elif not (self._has_more and self._room()):
                await self._rest()

    async def _claim_what_is_due(self) -> None:
        await self._look()
        room, is_open = self._room(), self._breaker.state is BreakerState.OPEN
        if not room and not is_open:
            self._has_more = True
            return
        asked_at = self._clock.elapsed()
        batch = await self._claim(max(1, room // 2), only_expired=is_open)
        self._database.end(CLAIMING)
        self._has_more = batch.has_more
        for claim in batch.claims:
            self._leases.add(claim, asked_at)
            self._start(SendJob(claim))

    async def _look(self) -> None:
        """Look at what changes while nothing is claimed: the time, and the leases of others."""
        await self._outbox.time.keep()
        await self._outbox.hasten()
        if self._watch.is_due:
            self._watch.look(await self._outbox.leases())

    async def _claim(self, limit: int, *, only_expired: bool) -> Batch:
        """Claim what is not in our hands already: not what we were frozen over, either."""
        claims = [job.claim for job in self._jobs.values()]
        lapsed = self._watch.lapsed(except_for={claim.id for claim in claims})
        batch = await self._outbox.claim(
            limit,
            only_expired=only_expired,
            expects=self._has_more,
            lapsed=lapsed,
            except_for=tuple(claim.id for claim in claims if not self._leases.holds(claim)),
        )
        if lapsed:
            self._watch.look_again()
        return batch

    def _room(self) -> int:
        """How many more messages may be in progress: none while delivery is paused."""
        if self._breaker.state is BreakerState.PROBING:
            return int(all(job.is_past_end_of_data for job in self._jobs.values()))
        is_open = self._breaker.state is BreakerState.OPEN
        limit = 0 if is_open else self._prefetch.limit(self._size)
        room = max(0, limit - len(self._jobs))
        # Half a batch at a time, or each message that ends would cost a claim of its own.
        return room if room >= limit // 2 else 0

    async def _rest(self) -> None:
        if not self._has_more:
            await asyncio.sleep(GATHER)
        pause = POLL
        if self._breaker.state is BreakerState.OPEN:
            pause = min(POLL, self._breaker.remaining)
        # Never less than a moment: it is not looked at while there is no room.
        await _at_most(min(pause, max(self._watch.remaining, GATHER)), self._woken)

    def _start(self, job: SendJob) -> None:
        task = _task(self._attempts.make(job), f"mail: message {job.claim.id}")
        self._jobs[task] = job
        self._size += job.claim.weight
        task.add_done_callback(self._end, context=Context())

    def _end(self, task: asyncio.Task[None]) -> None:
        job = self._jobs.pop(task)
        self._size -= job.claim.weight
        self._contents.change(-job.held)
        self._leases.drop(job.claim)
        self._prefetch.count()
        self._on_end(job.claim.id)
        # In an outage, to rest no longer than the breaker is open.
        if self._breaker.outage or (self._has_more and self._room()):
            self._woken.set()


async def _at_most(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, no longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _task(work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    """Start a task in a clean context: nothing of the caller's request goes along."""
    return asyncio.create_task(work, name=name, context=context_in_reserve())


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is not None:
        logger.error("%s failed", task.get_name(), exc_info=task.exception())
