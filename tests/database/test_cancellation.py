"""Cancellation: a transaction that is cut at any moment."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import func, select

from quartapp.database import Database
from quartapp.mail.clock import SystemClock
from quartapp.mail.outbox import Outbox
from quartapp.mail.outbox.tables import messages
from quartapp.mail.settings import MailSettings
from quartapp.models import MIGRATIONS, User
from tests.mail.outbox.sample import new
from tests.users import join


@pytest.fixture
async def database(database_url):
    """An open database."""
    database = Database(database_url)
    await MIGRATIONS.upgrade(database)
    yield database
    await database.dispose()


async def test_transactions_cut_at_any_moment_are_whole_or_not_at_all(database):
    outbox = Outbox(database, MailSettings(), SystemClock())
    await outbox.upgrade()
    chance = random.Random(7)  # noqa: S311

    async def add(number):
        async with database.transaction() as session:
            session.add(User(username=f"user {number}"))
            await session.flush()
            await outbox.enqueue(new(), session)

    cut = 0
    for start in range(0, 360, 6):
        tasks = [asyncio.create_task(add(number)) for number in range(start, start + 6)]
        for task in tasks[1:]:
            asyncio.get_running_loop().call_later(chance.random() * 0.03, task.cancel)
        await asyncio.wait(tasks)
        cut += sum(task.cancelled() for task in tasks)

    async with database.session() as session:
        users = await session.scalar(select(func.count()).select_from(User))
        queued = await session.scalar(select(func.count()).select_from(messages))
    assert users == queued >= 60
    assert 30 < cut <= 300
    assert database.writer.pool.checkedout() == 0
    await join(database, "the last")
