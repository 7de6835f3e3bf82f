"""`quartapp mail work`: what a person sees of a backlog that drains, and what a pipe does not."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from io import StringIO
from signal import SIGTERM

import pytest

from quartapp.database import Database
from quartapp.mail.cli.backlog import Backlog
from quartapp.mail.cli.progress_bar import LastLine
from quartapp.mail.outbox.tables import messages
from quartapp.mail.testing import Phase
from tests.mail.outbox.backlog import many_messages, their_content, their_recipient

MANY = 300


@pytest.fixture
async def backlog(call, server, sqlite_url, environment):
    """Many messages that are due, which commands find as theirs, for the test server."""
    environment |= {
        "DATABASE_URL": sqlite_url, "MAIL_SERVER": server.host, "MAIL_PORT": str(server.port)
    }  # fmt: skip
    await asyncio.to_thread(call, "quartapp", "mail", "upgrade")
    now, all_of_them = datetime.now(UTC), messages.c.id.is_not(None)
    waiting = {"status": "queued", "created_at": now, "since": now, "due_at": now}
    database = Database(sqlite_url)
    async with database.writing() as connection:
        await connection.execute(many_messages("message", MANY, **waiting))
        await connection.execute(their_recipient("ada@example.com", all_of_them, due_at=now))
        await connection.execute(their_content())
    await database.dispose()


async def test_a_terminal_sees_how_a_backlog_drains_below_what_is_logged(backlog, sit_down, server):
    server.stall(Phase.END_OF_DATA)
    person = sit_down("quartapp", "mail", "work", COLUMNS="100")

    await asyncio.to_thread(person.see, r"\[-+\] 0 / \d+ · 0/s")
    server.clear()
    server.resume()
    drained = await asyncio.to_thread(person.see, rf"{MANY} attempts in \d+ s · \d+/s")
    person.type("\x03")
    ended = await asyncio.to_thread(person.see, "Stopping. Press Ctrl-C again to stop at once.")

    logged = re.findall(
        r"^(?:.*\r)?\d{4}-\S+ INFO .* message message-\d+ sent", drained, re.MULTILINE
    )
    assert len(logged) == MANY
    assert "[#" in drained
    assert re.fullmatch(r"\s*(\^C)?Stopping\..*", ended.splitlines()[-1])
    assert person.end() == 0


async def test_a_pipe_sees_no_bar(backlog, start, server):
    worker = start("quartapp", "mail", "work")

    await server.received(MANY)
    code, said = await asyncio.to_thread(worker.stop, SIGTERM)

    assert code == 0
    assert "\r" not in said
    assert "attempts in" not in said


@pytest.mark.parametrize(
    ("backlog", "line"),
    [
        (Backlog(0, 300, 0.0), "[------------------------------] 0 / 300 · 0/s"),
        (
            Backlog(1_500, 500, 10.0),
            "[######################--------] 1,500 / 2,000 · 150/s · 3 s left",
        ),
        (Backlog(20, 10_001, 2.0), "20 done, more than 10,000 left · 10/s"),
        (
            Backlog(500, 0, 2.0),
            "[##############################] 500 / 500 · 250/s",
        ),
    ],
)
def test_a_backlog_says_how_far_it_has_come(backlog, line):
    assert backlog.line(100) == line
    assert backlog.line(20) in line
    assert len(backlog.line(20)) <= 20


def test_lines_of_others_stay_whole_above_the_last_one():
    terminal = StringIO()
    line = LastLine(terminal)

    line.show("half")
    line.write("a ")
    line.write("message\n")
    line.show("all")
    line.end("done")

    assert terminal.getvalue() == (
        "half\r    \ra message\nhalf\r    \rall\r   \rdone\n"
    )  # fmt: skip
