"""Query plans: with 20,000 messages stored, nothing reads a whole table."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text, true

from quartapp.database import Database
from quartapp.mail import Status
from quartapp.mail.choices import Priority
from quartapp.mail.outbox import Filter, Outbox
from quartapp.mail.outbox.query import search
from quartapp.mail.outbox.query.search import FIRST, Place
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.tables import messages
from quartapp.mail.settings import Backend, MailSettings
from tests.mail.outbox.backlog import (
    LONG_AGO,
    many_counts,
    many_messages,
    their_attempt,
    their_content,
    their_key,
    their_recipient,
)
from tests.mail.outbox.sample import ACCEPTED, ADA, BOB, DAY, HOUR, NOW, HandClock, heir, judged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from tests.fixtures.postgres_server import PostgresServer

SENT = 20_000
FEW = 200
LATELY = NOW - HOUR

# A whole table read, as each database writes it. In the order of an index is fine, and so is the
# table that has a row for each process.
READS_ALL = re.compile(r"\bSeq Scan on mail_(?!workers)|\bSCAN mail_(?!workers)\w+$", re.MULTILINE)


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a SQLite file with many messages."""
    path: Path = tmp_path_factory.mktemp("full") / "messages.sqlite"
    return _filled(f"sqlite+aiosqlite:///{path}")


@pytest.fixture(scope="module")
def full_database(postgres_session: PostgresServer) -> str:
    """The address of a PostgreSQL database with many messages."""
    return _filled(postgres_session.url(postgres_session.create_database()))


@pytest.fixture(params=["file", "database"], ids=["sqlite", "postgres"])
def full_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with many messages."""
    return str(request.getfixturevalue(f"full_{request.param}"))


@pytest.fixture
async def full(full_url: str) -> AsyncIterator[Outbox]:
    """An outbox that has sent many messages, has some to send, and some of a dead owner."""
    database = Database(full_url)
    yield Outbox(database, MailSettings(backend=Backend.SMTP), HandClock())
    await database.dispose()


async def claim(outbox):
    await outbox.claim(4)


async def take_over(outbox):
    await heir(outbox, 4)


async def claim_others(outbox):
    await outbox.claim(4, except_for=("waiting-1", "again-1"))
    await outbox.claim(4, only_expired=True, except_for=("waiting-1", "again-1"))


async def hasten(outbox):
    await outbox.hasten()


async def claim_expired(outbox):
    await outbox.claim(4, only_expired=True)


async def claim_and_record(outbox):
    batch = await outbox.claim(4)
    await outbox.stamp(batch.claims)
    await outbox.renew(batch.claims)
    await outbox.load([claim.id for claim in batch.claims])
    await outbox.record([judged(each, NOW, ACCEPTED) for each in batch.claims])


async def change(outbox):
    await outbox.cancel(["waiting-198", "waiting-199"])
    await outbox.retry(["sent-1", "sent-2"])


async def prune(outbox):
    await outbox.prune()


async def has_work(outbox):
    await outbox.has_work()


def find(**conditions):
    async def finding(outbox):
        await outbox.find(Filter(**conditions), 50)

    return finding


def page(place=FIRST, **conditions):
    async def turning(outbox):
        async with outbox.database.reading() as connection:
            await search.page(connection, Filter(queue="default", **conditions), place, 50)

    return turning


async def stands(outbox):
    await Report(outbox, lambda ids: ids).figures()


QUESTIONS = {
    "claim": (claim, {"ix_mail_messages_due"}),
    "take-over": (take_over, {"ix_mail_messages_claimed"}),
    "claim-others": (claim_others, {"ix_mail_messages_due"}),
    "hasten": (hasten, {"ix_mail_messages_due"}),
    "expired": (claim_expired, {"ix_mail_messages_expires_at"}),
    "record": (claim_and_record, {"ix_mail_messages_due"}),
    "has-work": (has_work, {"ix_mail_messages_due", "ix_mail_messages_claimed"}),
    "prune": (prune, {"ix_mail_messages_ended_at"}),
    "cancel-and-retry": (change, set()),
    "rare-recipient": (find(recipient=BOB), {"ix_mail_recipients_address"}),
    "common-recipient": (find(recipient=ADA), set()),
    "rare-status": (find(status=Status.QUEUED), {"ix_mail_messages_status"}),
    "common-status": (find(status=Status.SENT), set()),
    "next-page": (find(before="sent-7"), set()),
    "one-message": (find(ids=["sent-7"]), set()),
    "key": (find(key="sent-7"), {"key"}),
    "newest": (find(), set()),
    "first-page": (page(), set()),
    "page-before": (page(Place(after="sent-7")), set()),
    "last-page": (page(Place(is_last=True)), set()),
    "page-of-sent": (page(status=Status.SENT), {"ix_mail_messages_status"}),
    "page-of-none": (page(status=Status.FAILED), {"ix_mail_messages_status"}),
    "last-page-of-queued": (
        page(Place(is_last=True), status=Status.QUEUED),
        {"ix_mail_messages_status"},
    ),
    "page-of-priority": (page(priority=Priority.LOW), set()),
    "page-of-template": (page(template="none"), {"ix_mail_messages_template"}),
    "page-to-many": (page(recipient=ADA), {"ix_mail_recipients_address"}),
    "page-to-nobody": (page(recipient="no"), {"ix_mail_recipients_address"}),
    "page-of-common-subject": (page(subject="tea"), {"ix_mail_messages_subject_start"}),
    "page-of-rare-subject": (page(subject="no"), {"ix_mail_messages_subject_start"}),
    "page-of-dates": (page(since=LONG_AGO, until=NOW), set()),
    "page-of-everything": (
        page(status=Status.SENT, template="mail/tea", recipient=ADA, subject="tea", since=NOW),
        {"ix_mail_recipients_address"},
    ),
    "figures": (stands, {"ix_mail_messages_status", "ix_mail_attempts_ended_at"}),
}
"""What is asked, and parts of the plan: mostly the indexes that answer it."""


@pytest.mark.timeout(180)  # so many messages may have to be made first
async def test_a_question_reads_only_what_it_asks_for(full):
    plans = {}
    for name, (question, _) in QUESTIONS.items():
        with _statements(full.database) as statements:
            await question(full)
        plans[name] = "\n".join([await _plan(full.database, *each) for each in statements])

    wrong = [
        f"{name}:\n{plan}"
        for name, plan in plans.items()
        if READS_ALL.search(plan) or not all(index in plan for index in QUESTIONS[name][1])
    ]
    assert not wrong, "\n\n".join(wrong)


async def test_a_claim_stays_small_whatever_the_backlog(full):
    batches = [await full.claim(4) for _ in range(3)]

    assert [len(batch.claims) for batch in batches] == [8, 8, 8]


@contextmanager
def _statements(database: Database) -> Iterator[list[tuple[str, object]]]:
    """What is executed meanwhile, with its parameters."""
    seen: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, is_many):
        if not statement.startswith("BEGIN"):
            seen.append((statement, parameters[0] if is_many else parameters))

    engines = [each.sync_engine for each in database.engines]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def _plan(database: Database, statement: str, parameters: Any) -> str:
    """How the database executes it: on PostgreSQL for these values, and for any."""
    async with database.writing() as connection:
        if database.is_sqlite:
            explained = f"EXPLAIN QUERY PLAN {statement}"
            rows = (await connection.exec_driver_sql(explained, parameters)).all()
        else:
            explained = f"EXPLAIN {statement}"
            rows = (await connection.exec_driver_sql(explained, parameters)).all()
            rows += await _generic_plan(connection, statement, len(parameters))
    return "\n".join([statement, *(str(row[-1]) for row in rows)])


async def _generic_plan(connection: AsyncConnection, statement: str, many: int) -> list[Any]:
    """What PostgreSQL falls back to for a statement that it has often seen."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await driver.execute(f"PREPARE asked AS {statement}")
    values = ", ".join(["NULL"] * many)
    rows = await driver.fetch("EXPLAIN EXECUTE asked" + (f" ({values})" if many else ""))
    await driver.execute("DEALLOCATE asked")
    return list(rows)


def _filled(url: str) -> str:
    asyncio.run(_fill(url))
    return url


async def _fill(url: str) -> None:
    database = Database(url)
    await Outbox(database, MailSettings(), HandClock()).upgrade()
    async with database.writing() as connection:
        for statement in (
            many_messages("sent", SENT, ended_at=NOW - DAY),
            many_messages("stale", SENT // 20, ended_at=NOW - DAY, expires_at=LONG_AGO),
            many_messages("old", FEW, ended_at=LONG_AGO),
            their_key(),
            many_messages("waiting", FEW, status="queued", due_at=LATELY),
            many_messages("again", FEW, status="queued", due_at=LATELY, is_retry=True),
            many_messages("reset", FEW, status="queued", due_at=LATELY, priority="high"),
            many_messages("news", FEW, status="queued", due_at=LATELY, priority="low"),
            many_messages("lapsed", FEW, status="sending", token="dead", renewals=0, lease=60),
            many_messages("expired", FEW, status="queued", due_at=LATELY, expires_at=LATELY),
            their_recipient(ADA, true()),
            their_recipient(BOB, messages.c.id.like("waiting-1%"), position=1),
            their_content(),
            their_attempt(messages.c.id.like("sent-%"), LONG_AGO),
            many_counts(NOW - 60 * HOUR, 10),
            text("ANALYZE"),
        ):
            await connection.execute(statement)
    await database.dispose()
