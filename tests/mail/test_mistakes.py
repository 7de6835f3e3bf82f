"""A program's mistakes: each is a `MailError` with the cure, and none looks like an outage."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from quart import Quart
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)

from quartapp.database import Database
from quartapp.mail import Mail, MailError, MailService, OutboxUnavailable, PlainHost, Status
from quartapp.mail.testing import message

TOMORROW = timedelta(days=1)


def is_no_outage(caught):
    return not isinstance(caught.value, OutboxUnavailable)


@pytest.mark.parametrize(
    "call",
    [
        lambda mail, _: mail.send_later(message()),
        lambda mail, _: mail.send_all_later([message()]),
        lambda mail, one: mail.cancel(one),
        lambda mail, one: mail.retry(one),
        lambda mail, _: mail.prune(),
        lambda mail, _: mail.upgrade(),
        lambda mail, _: mail.prepare(),
    ],
    ids=["send_later", "send_all_later", "cancel", "retry", "prune", "upgrade", "prepare"],
)
async def test_what_would_wait_for_the_tasks_own_write_transaction_is_refused(mail, call):
    one = await mail.send_later(message(), at=datetime.now(UTC) + TOMORROW)

    async with mail.outbox.database.transaction():
        with pytest.raises(MailError, match=r"session=, or call .* after the trans") as caught:
            await call(mail, one)

    assert is_no_outage(caught)


async def test_a_write_transaction_of_the_hosts_own_session_is_named_too(sqlite_url):
    # The lock is asked for, and a moment later nobody else has it.
    engine = create_async_engine(sqlite_url, connect_args={"timeout": 0.05})
    mail = MailService(PlainHost({"MAIL_DEFAULT_SENDER": "flasky@example.com"}), engine=engine)
    await mail.upgrade()
    calls = (
        lambda: mail.cancel("01"),
        lambda: mail.retry("01"),
        lambda: mail.send_later(message()),
        mail.upgrade,
    )

    async with AsyncSession(engine) as session, session.begin():
        await session.execute(text("CREATE TABLE guests (name TEXT)"))
        await session.execute(text("INSERT INTO guests VALUES ('ada')"))
        for call in calls:
            with pytest.raises(MailError, match="write transaction that this task holds") as caught:
                await call()
            assert is_no_outage(caught), call
        with pytest.raises(OutboxUnavailable):
            await asyncio.create_task(mail.cancel("01"))
    await engine.dispose()


@pytest.mark.parametrize("call", ["wait", "drain", "start"])
async def test_who_holds_a_write_transaction_cannot_wait_for_what_others_write(serve, call):
    # Nobody delivers here, so what is due stays due.
    async with serve(MAIL_DISPATCH=False) as mail:
        waiting = await mail.send_later(message())
        calls = {"wait": lambda: mail.wait(waiting), "drain": mail.drain, "start": mail.start}

        async with mail.outbox.database.transaction():
            with pytest.raises(MailError, match="write transaction that this task holds"):
                await calls[call]()


@pytest.fixture
async def idle(database_url):
    """The mail of an app that does not run, over SQLite and over PostgreSQL."""
    database = Database(database_url)
    app = Quart("idle")
    app.config.update(
        TESTING=True, MAIL_SUPPRESS_SEND=False, MAIL_DEFAULT_SENDER="flasky@example.com"
    )
    Mail(app, engine=database)
    service = app.extensions["mail"]
    await service.upgrade()
    yield service
    await database.dispose()


async def refused(mail, session, why):
    """Queue in that session, which is refused with these words."""
    with pytest.raises(MailError, match=why) as caught:
        await mail.send_later(message(), session=session)
    assert is_no_outage(caught)
    with pytest.raises(MailError, match=why):
        await mail.send_all_later([message()], session=session)


async def test_a_session_that_only_reads_is_refused(idle):
    database = idle.outbox.database
    async with database.session() as session:
        if not database.is_sqlite:
            await session.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(MailError, match=r"only reads.*may write") as caught:
            await idle.send_later(message(), session=session)
    assert is_no_outage(caught)


async def test_a_session_whose_transaction_is_over_is_refused(idle):
    async with AsyncSession(idle.outbox.database.writer) as session, session.begin():
        await session.commit()
        await refused(idle, session, r"the session cannot be used .*transaction goes on")


async def test_a_session_that_is_closed_for_good_is_refused(idle):
    session = AsyncSession(idle.outbox.database.writer, close_resets_only=False)
    await session.close()

    await refused(idle, session, "permanently closed")


async def test_a_session_whose_transaction_has_failed_is_refused(idle):
    if idle.outbox.database.is_sqlite:
        pytest.skip("SQLite's transactions go on after an error")
    async with AsyncSession(idle.outbox.database.writer) as session:
        with pytest.raises(DBAPIError, match="nowhere"):
            await session.execute(text("SELECT * FROM nowhere"))

        await refused(idle, session, "has failed: roll it back first")


async def test_what_is_no_session_is_refused(mail):
    for wrong in ("x", mail.outbox.database.writer, async_sessionmaker()):
        await refused(mail, wrong, f"session= is {type(wrong).__name__}: give an AsyncSession")


async def test_a_scoped_session_is_as_good_as_a_session(mail):
    maker = async_sessionmaker(mail.outbox.database.writer)
    scoped = async_scoped_session(maker, asyncio.current_task)

    queued = await mail.send_later(message(), session=scoped)
    await scoped.commit()
    await scoped.remove()

    assert (await mail.wait(queued, timeout=30)).status is Status.SENT


async def test_a_file_is_the_same_however_it_is_written(mail, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    engine = create_async_engine("sqlite+aiosqlite:///messages.sqlite")

    async with AsyncSession(engine) as session:
        queued = await mail.send_later(message(), session=session, at=datetime.now(UTC) + TOMORROW)
        await session.commit()
    await engine.dispose()

    assert await mail.get(queued.id) == queued


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"at": "tomorrow"}, "at= is str: give an aware datetime"),
        ({"expires": date(2030, 1, 1)}, "expires= is date: give an aware datetime"),
        ({"at": datetime(2030, 1, 1)}, "at= has no time zone: give an aware datetime"),  # noqa: DTZ001, RUF100
        ({"expires": 5}, "expires= is int: give an aware datetime"),
        ({"at": 0}, "at= is int: give an aware datetime"),
        ({"key": 5}, "the key is 5: give a text"),
        ({"key": b"x"}, "the key is b'x': give a text"),
        ({"key": ""}, "the key is '': give a text, or None"),
    ],
)
async def test_an_argument_of_the_wrong_type_is_named(mail, arguments, why):
    with pytest.raises(MailError, match=why):
        await mail.send_later(message(), **arguments)


@pytest.mark.parametrize("name", ["at", "expires"])
@pytest.mark.parametrize("wrong", ["tomorrow", 5, 0, True, date(2030, 1, 1), datetime(2030, 1, 1)])  # noqa: DTZ001, RUF100
async def test_what_is_no_time_is_a_type_error(mail, name, wrong):
    with pytest.raises(TypeError, match=f"{name}= .*: give an aware datetime, .* or a timedelta"):
        await mail.send_later(message(), **{name: wrong})


async def test_a_timedelta_counts_from_now(mail):
    before = datetime.now(UTC)
    queued = await mail.send_later(message(), at=TOMORROW, expires=2 * TOMORROW)
    late = await mail.send_later(message(), at=-TOMORROW)
    after = datetime.now(UTC)

    assert before + TOMORROW <= queued.due_at <= after + TOMORROW
    assert before <= late.due_at <= after
    history = await mail.report.history(queued.id)
    assert before + 2 * TOMORROW <= history.expires_at <= after + 2 * TOMORROW


@pytest.mark.parametrize(
    "far", [timedelta.max, datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))]
)
async def test_a_time_beyond_all_calendars_is_refused(mail, far):
    with pytest.raises(MailError, match="at= is beyond the years 1 to 9999"):
        await mail.send_later(message(), at=far)


async def test_what_is_no_message_is_refused(mail):
    for call in (mail.send_later, mail.send):
        with pytest.raises(MailError, match="str is no message: give a Message"):
            await call("Tea")
    with pytest.raises(MailError, match="give a list, or call send_later"):
        await mail.send_all_later(message())
    for many in (None, 7):
        with pytest.raises(MailError, match=f"not {type(many).__name__}: give a list, or call"):
            await mail.send_all_later(many)


@pytest.mark.parametrize("call", ["get", "wait", "cancel", "retry"])
async def test_what_is_no_delivery_is_refused(mail, call):
    with pytest.raises(MailError, match="list is no message: give a Delivery or its id"):
        await getattr(mail, call)([])


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipient": 5},
        {"subject": 5},
        {"limit": "x"},
        {"since": datetime(2030, 1, 1)},  # noqa: DTZ001, RUF100
        {"until": "today"},
    ],
)
async def test_a_condition_of_the_wrong_type_is_named(mail, wrong):
    [name] = wrong
    with pytest.raises(MailError, match=f"{name}= "):
        await mail.find(**wrong)


async def test_a_limit_beyond_all_bounds_finds_everything(idle):
    await idle.send_later(message())

    assert len(await idle.find(limit=10**30)) == 1


async def test_an_engine_that_cannot_be_made_says_what_to_give():
    def engine():
        raise KeyError("DATABASE")

    app = Quart("late")
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com")
    Mail(app, engine=engine)
    service = app.extensions["mail"]

    for call in (service.start, service.stats, lambda: service.send_later(message())):
        with pytest.raises(MailError, match=r"engine= raised KeyError .*have it return") as caught:
            await call()
        assert isinstance(caught.value.__cause__, KeyError)
