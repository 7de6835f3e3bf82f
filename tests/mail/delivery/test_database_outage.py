"""A database that does not serve the delivery worker: two lines, whatever is wrong with it."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, text

from quartapp.database import DatabaseUnavailable
from quartapp.mail import Status
from quartapp.mail.delivery.database_outage import LONGEST, DatabaseOutage
from quartapp.mail.testing import message
from tests.crash.clock import HandClock
from tests.crash.waiting import until

HOUR = timedelta(hours=1)
AWAY = DatabaseUnavailable("the database cannot be reached")


@pytest.fixture
def lines(caplog):
    """The log from INFO up, without what becomes of single messages, and of old ones."""
    caplog.set_level(logging.INFO, "quartapp.mail")
    return lambda: [
        (record.levelname, record.getMessage().partition(":")[0].partition(" after")[0])
        for record in caplog.records
        if record.name.startswith("quartapp")
        and not record.getMessage().startswith(("message ", "old messages "))
    ]


@pytest.fixture
def outage():
    return DatabaseOutage(HandClock())


def failing(outage, work, error=AWAY):
    with pytest.raises(type(error)), outage.over(work):
        raise error


def test_however_often_it_fails_one_line_says_that_it_began_and_one_that_it_ended(outage, lines):
    for _ in range(100):
        failing(outage, "claiming")
    with outage.over("claiming"):
        pass

    assert lines() == [("WARNING", "delivery paused"), ("INFO", "delivery resumed")]


def test_it_is_over_when_all_that_failed_has_succeeded(outage, lines):
    failing(outage, "claiming")
    failing(outage, "recording")
    outage.end("claiming")
    between = outage.sentence
    outage.end("recording")

    assert (between, outage.sentence) == (str(AWAY), None)
    assert lines() == [("WARNING", "delivery paused"), ("INFO", "delivery resumed")]


def test_it_asks_ever_less_often_and_often_enough(outage):
    pauses = [outage.pause]
    for _ in range(20):
        failing(outage, "claiming")
        pauses.append(outage.pause)

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0, LONGEST)


def test_what_nobody_foresaw_is_logged_once_with_its_traceback(outage, caplog):
    for _ in range(10):
        outage.begin("claiming", KeyError("a bug"))

    assert [bool(record.exc_info) for record in caplog.records] == [False, True]


@pytest.mark.parametrize(
    "table", ["mail_messages", "mail_recipients", "mail_contents", "mail_counts"]
)
async def test_tables_that_vanish_while_it_runs_are_two_lines_and_cost_no_attempt(
    serve, server, database_url, lines, table
):
    clock = HandClock()
    async with serve(database_url, clock=clock) as mail:
        queued = await mail.send_later(message(), at=clock.now() + HOUR)
        before = len(lines())
        failures = counted_failures(mail.outbox.database)
        await rename(mail, table, "gone")
        clock.seconds += 2 * HOUR.total_seconds()

        await until(lambda: woken(mail, failures), lambda: f"the loss of {table} noticed")
        why = mail.worker.outage
        await rename(mail, "gone", table)
        done = await mail.wait(queued, timeout=30)
        await until(lambda: is_well(mail), lambda: "the outage over")

    assert "the mail tables are missing" in why
    assert "mail upgrade" in why
    assert lines()[before:] == [("WARNING", "delivery paused"), ("INFO", "delivery resumed")]
    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)


async def test_a_host_that_commits_all_the_time_is_not_asked_at_each_commit(serve):
    async with serve() as mail:
        await mail.drain()
        failures = counted_failures(mail.outbox.database)
        await rename(mail, "mail_messages", "gone")
        # It asks after a quarter of a second, half a second, and then a second.
        rest = await until(lambda: rest_of(mail, failures, 0.9), lambda: "a rest of a second")

    assert rest > 0.9


async def rename(mail, table, name):
    """Rename a table."""
    async with mail.outbox.database.writing() as connection:
        await connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def counted_failures(database):
    """When each statement failed, from now on."""
    failures = []
    for engine in {each.sync_engine for each in database.engines}:
        event.listen(engine, "handle_error", lambda _: failures.append(time.monotonic()))
    return failures


async def woken(mail, failures):
    """Wake the worker, as each commit does; whether it failed a few times."""
    mail.worker.wake()
    await asyncio.sleep(0)
    return len(failures) >= 4


async def rest_of(mail, failures, seconds):
    """Wake the worker, as each commit does; its first rest longer than that, or None."""
    await woken(mail, failures)
    rests = (later - earlier for earlier, later in pairwise(failures))
    return next((rest for rest in rests if rest > seconds), None)


async def is_well(mail):
    return mail.worker.outage is None
