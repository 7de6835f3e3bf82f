"""The outbox: messages stored in the database until they reach a final state."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.clock import Turns
from quartapp.mail.outbox import change, claimed, claiming, upgrade
from quartapp.mail.outbox import enqueue as enqueuing
from quartapp.mail.outbox import record as recording
from quartapp.mail.outbox.claim import Batch
from quartapp.mail.outbox.hasten import hasten
from quartapp.mail.outbox.keys import KeySecret, was_deleted
from quartapp.mail.outbox.lanes import FRESH, RETRIES
from quartapp.mail.outbox.prune import Pruner
from quartapp.mail.outbox.query import counts
from quartapp.mail.outbox.query import find as finding
from quartapp.mail.outbox.shares import Rotation
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.transactions import Transactions
from quartapp.mail.outbox.upgrade import MIGRATIONS
from quartapp.mail.outbox.wall_time import WallTime
from quartapp.mail.outbox.workers import WorkerId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.database import Database
    from quartapp.mail.clock import Clock
    from quartapp.mail.outbox.claim import Claim, Key, Lease
    from quartapp.mail.outbox.decision import Decision
    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.enqueue import NewMessage
    from quartapp.mail.outbox.query.find import Filter
    from quartapp.mail.settings import MailSettings

__all__ = ["Outbox"]


class Outbox:
    """Every statement about messages, each method in a transaction of its own.

    `enqueue` is the exception: it may join the caller's.

    database
        Where the tables are, or who is asked for it at each use: a host may open it late, and anew.
    is_suppressed
        Whether messages are suppressed when they are queued; asked for each.
    makes_tables
        Whether missing tables are made on first use.
    on_stopped
        Called with messages that ended because they were cancelled, once that is committed. What
        ends with an attempt is not among them.

    `worker` names its queue, and this process in counts and among those that deliver.
    """

    def __init__(
        self,
        database: Database | Callable[[], Database],
        settings: MailSettings,
        clock: Clock,
        *,
        is_suppressed: Callable[[], bool] = lambda: False,
        makes_tables: Callable[[], bool] = lambda: False,
        on_stopped: Callable[[Sequence[Delivery]], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self.time = WallTime(clock, lambda: self.database)
        self._was_set_back = False
        self._rotation = Rotation((FRESH.name, RETRIES.name))
        self._is_suppressed = is_suppressed
        self._on_stopped = on_stopped
        self.worker = WorkerId(settings.queue, secrets.token_hex(8))
        self._transactions = Transactions(lambda: self.database, makes_tables)
        self._key_secret = KeySecret(lambda: self.database)
        self._pruner = Pruner(lambda: self.database, settings, self.now)

    @property
    def database(self) -> Database:
        """Where the tables are."""
        return self._database() if callable(self._database) else self._database

    def now(self) -> datetime:
        """The time by which messages are due: the database's, so that hosts agree."""
        return self.time.now()

    async def hasten(self) -> None:
        """Have messages due at once that would wait for a clock that was set back."""
        self._was_set_back |= self.time.has_gone_back()
        if self._was_set_back:
            if await self._are_there():
                await hasten(self.database, *self._whose, self.now())
            self._was_set_back = False

    async def _are_there(self) -> bool:
        async with self._transactions.reading() as connection:
            return connection is not None

    @property
    def backend(self) -> str:
        """The backend of messages queued now, and the only one that this process claims."""
        return SUPPRESSED if self._is_suppressed() else self._settings.backend

    @property
    def _whose(self) -> tuple[str, str]:
        """The queue and the backend of messages that this process claims."""
        return self.worker.queue, self.backend

    async def enqueue(self, message: NewMessage, session: AsyncSession | None = None) -> Delivery:
        """Store a message, in the caller's transaction where there is one."""
        async with self._transactions.storing(session) as (connection, after_commit):
            secret = None
            if message.key is not None:
                secret = await self._key_secret.read(connection, after_commit)
            return await enqueuing.enqueue(connection, message, secret)

    async def enqueue_all(
        self, messages: Sequence[NewMessage], session: AsyncSession | None = None
    ) -> list[Delivery]:
        """Store messages without keys, in the caller's transaction where there is one."""
        async with self._transactions.storing(session) as (connection, _):
            return await enqueuing.enqueue_all(connection, messages, Turns(self._clock))

    async def claim(
        self,
        limit: int,
        *,
        only_expired: bool = False,
        expects: bool = False,
        lapsed: tuple[Lease, ...] = (),
        except_for: tuple[str, ...] = (),
    ) -> Batch:
        """Take messages that are due, at most `limit` new ones and as many others.

        expects
            Whether there surely are some; else it reads first, and an idle outbox takes no lock.
        lapsed, except_for
            See `Order`.
        """
        order = claiming.Order(
            backend=self.backend,
            token=secrets.token_hex(16),
            now=self.now(),
            lease=self._settings.lease,
            limit=limit,
            rotation=self._rotation,
            only_expired=only_expired,
            worker=self.worker,
            lapsed=lapsed,
            except_for=except_for,
        )
        is_sure = expects or order.left_behind
        if order.waits or not (is_sure or await self._is_due(order)):
            return Batch((), has_more=False)
        async with self.database.writing() as connection:
            batch = await claiming.claim(connection, order)
        if batch.stopped:
            self._on_stopped(batch.stopped)
        return batch

    async def load(self, ids: Sequence[str]) -> list[bytes | None]:
        """The content of each of these messages, None where it was pruned."""
        async with self.database.reading() as connection:
            return await claimed.load(connection, ids)

    async def _is_due(self, order: claiming.Order) -> bool:
        async with self._transactions.reading() as connection:
            if connection is None:
                return False
            return await claiming.is_due(connection, order)

    async def leases(self) -> list[Lease]:
        """The leases on all messages that are claimed, by whomever."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return []
            return await claimed.leases(connection, *self._whose)

    async def renew(self, claims: Iterable[Claim]) -> set[Key]:
        """Renew leases; returns the keys of the claims that are still ours."""
        async with self.database.writing() as connection:
            return await claimed.renew(connection, claims)

    async def stamp(self, claims: Sequence[Claim]) -> set[Key]:
        """Record that the end of data of each is about to be sent; returns the keys still ours."""
        async with self.database.writing() as connection:
            return await claimed.stamp(connection, claims, self.now())

    async def record(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Record decisions; returns those whose messages were still ours."""
        async with self.database.writing() as connection:
            return await recording.record(connection, decisions, self.worker)

    async def get(self, delivery_id: str) -> Delivery | None:
        """One message, None if there is no such."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return None
            return await finding.get(connection, self.worker.queue, delivery_id)

    async def find(self, wanted: Filter, limit: int) -> list[Delivery]:
        """The newest messages that match."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return []
            ours = replace(wanted, queue=self.worker.queue)
            return await finding.find(connection, ours, limit)

    async def count(self) -> dict[Status, int]:
        """How many messages are in each state."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return dict.fromkeys(Status, 0)
            return await counts.count(connection, self.worker.queue)

    async def has_work(self) -> bool:
        """Whether anything is due or being sent."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return False
            return await counts.has_work(connection, *self._whose, self.now())

    async def due(self) -> int:
        """How many messages could be sent now, counted no further than `Figures` counts."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return 0
            return await counts.due(connection, *self._whose, self.now())

    async def retry(self, ids: Sequence[str]) -> list[str]:
        """Make failed and uncertain messages due again; returns which."""
        async with self.database.writing() as connection:
            return await change.retry(connection, ids, self.now(), self.worker.queue)

    async def cancel(self, ids: Sequence[str]) -> list[str]:
        """Stop further attempts at messages; returns which."""
        async with self.database.writing() as connection:
            changed, stopped = await change.cancel(connection, ids, self.now(), self.worker)
        if stopped:
            self._on_stopped(stopped)
        return changed

    async def prune(self) -> int:
        """Delete messages that ended long ago; returns how many."""
        return await self._pruner.prune()

    async def was_deleted(self, delivery_id: str) -> bool:
        """Whether there was a message with this id, which its key outlives."""
        async with self._transactions.reading() as connection:
            if connection is None:
                return False
            return await was_deleted(connection, self.worker.queue, delivery_id)

    async def upgrade(self) -> None:
        """Bring the mail tables to their newest version."""
        await MIGRATIONS.upgrade(self.database)

    async def revisions(self) -> tuple[str | None, str]:
        """The version that the mail tables have, and the newest."""
        return await MIGRATIONS.revisions(self.database)

    async def prepare(self, *, is_development: bool) -> None:
        """Bring the tables up to date where MAIL_UPGRADE says so, else check that they are.

        Raises `SchemaError` with the command to run.
        """
        wanted = self._settings.upgrade
        await upgrade.prepare(self.database, wanted, is_development=is_development)
