"""Enqueue: what one queued message adds to a transaction of the caller.

Only public names are used, so that another checkout can be measured with it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from benchmarks.loops import run
from benchmarks.message import RECIPIENT, SENDER, SUBJECT, message
from benchmarks.ours.app import bare_app
from benchmarks.stopwatch import Stopwatch, difference
from quartapp.mail import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.mail import MailService

    Act = Callable[[AsyncSession], Awaitable[object]]

__all__ = ["enqueue"]

metadata = MetaData()
notes = Table("notes", metadata, Column("id", Integer, primary_key=True), Column("text", String))
WARM_UP = 100


def enqueue(url: str, messages: int) -> dict[str, float]:
    """A row and a message in each transaction, less the same with the row alone."""
    return run(_enqueue(url, messages), "asyncio")


async def _enqueue(url: str, messages: int) -> dict[str, float]:
    engine = create_async_engine(url)
    app = bare_app(engine, DATABASE_URL=url)
    async with app.app_context():
        mail: MailService = app.extensions["mail"]
        await mail.upgrade()
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        sessions, queue = async_sessionmaker(engine), _queue(mail)
        await _transactions(sessions, queue, WARM_UP)
        with Stopwatch() as without:
            await _transactions(sessions, _nothing, messages)
        with Stopwatch() as watch:
            await _transactions(sessions, queue, messages)
    await engine.dispose()
    return difference(watch, without, messages)


async def _transactions(sessions: async_sessionmaker[AsyncSession], act: Act, count: int) -> None:
    for number in range(count):
        async with sessions.begin() as session:
            await session.execute(insert(notes).values(text=f"note {number}"))
            await act(session)


async def _nothing(_session: AsyncSession) -> None:
    """The transaction without a message."""


def _queue(mail: MailService) -> Act:
    form = message()

    async def queue(session: AsyncSession) -> None:
        written = Message(
            SUBJECT, sender=SENDER, recipients=[RECIPIENT], body=form.body, html=form.html
        )
        await mail.send_later(written, session=session)

    return queue
