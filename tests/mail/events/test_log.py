"""The log lines about messages: one for each change of state, which says why."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quartapp.mail import Delivery, Status
from quartapp.mail.cli import logs
from quartapp.mail.events import log
from quartapp.mail.outbox.delivery import Recipient
from quartapp.mail.testing import Phase, message
from quartapp.mail.transports import pauses

LOG_PAGE = Path(__file__).parents[3] / "docs" / "log.md"
NOW = datetime.now(UTC)

DEFERRED = "451 4.7.1 Greylisted"


@pytest.fixture
def lines_about(caplog):
    """The lines about a message, without the words before its id."""
    caplog.set_level(logging.INFO)

    def lines_about(delivery):
        return [
            record.message.removeprefix(f"message {delivery.id} ")
            for record in caplog.records
            if delivery.id in record.message
        ]

    return lines_about


async def test_the_log_tells_of_each_message_by_its_id_alone(mail, lines_about, caplog):
    delivery = await mail.send_later(message(body="Nobody else's business"))
    await mail.wait(delivery, timeout=30)
    await mail.drain()

    assert lines_about(delivery) == ["queued", "sent: 250 2.0.0 Ok (attempt 1)"]
    assert not any(word in caplog.text for word in ("bob@example.com", "business", "Tea"))


async def test_the_log_says_why_a_message_is_deferred_and_until_when(mail, server, lines_about):
    server.answer(Phase.RCPT, DEFERRED)

    delivery = await mail.send_later(message())
    await mail.drain()
    waiting = await mail.get(delivery.id)

    assert lines_about(delivery)[1:] == [
        f"deferred: {DEFERRED} (attempt 1, next {waiting.due_at:%H:%M:%S}Z)"
    ]


async def test_the_log_says_why_a_message_failed(mail, server, lines_about):
    server.answer(Phase.RCPT, "550 5.1.1 no such user")

    delivery = await mail.send_later(message())
    await mail.drain()

    assert lines_about(delivery)[1:] == ["failed: 550 5.1.1 no such user (attempt 1)"]


async def test_the_log_says_why_a_message_is_uncertain(mail, server, lines_about):
    server.drop(Phase.END_OF_DATA)

    delivery = await mail.send_later(message())
    await mail.drain()

    [line] = lines_about(delivery)[1:]
    assert line.startswith("uncertain: connection lost after the end of data: ")


async def test_a_message_for_several_is_logged_with_the_reply_that_decided(
    mail, server, lines_about
):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="eve@example.com")

    delivery = await mail.send_later(message(recipients=["bob@example.com", "eve@example.com"]))
    await mail.drain()

    assert lines_about(delivery)[1:] == ["failed: 550 5.1.1 no such user (attempt 1)"]


async def test_a_line_has_the_same_as_fields_in_json_and_not_in_text(mail, server, caplog):
    caplog.set_level(logging.INFO)
    server.answer(Phase.RCPT, DEFERRED)

    delivery = await mail.send_later(message())
    await mail.drain()
    waiting = await mail.get(delivery.id)

    [record] = [record for record in caplog.records if "deferred" in record.message]
    told = json.loads(logs.JsonLine().format(record))
    assert told["message"].startswith(f"message {delivery.id} deferred: ")
    assert list(told)[4:] == [
        "id", "outcome", "code", "reply", "attempt", "next_attempt", "duration_ms"
    ]  # fmt: skip
    assert (told["id"], told["outcome"]) == (delivery.id, "deferred")
    assert (told["code"], told["reply"], told["attempt"]) == (451, "4.7.1 Greylisted", 1)
    due_at = waiting.due_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert told["next_attempt"] == due_at
    assert 0 <= told["duration_ms"] < 60_000
    assert logs.TextLine().format(record).endswith(record.message)


async def test_a_queued_message_has_fields_too(mail, caplog):
    caplog.set_level(logging.INFO)

    delivery = await mail.send_later(message())
    await mail.drain()

    [record] = [record for record in caplog.records if record.message.endswith(" queued")]
    told = json.loads(logs.JsonLine().format(record))
    assert (told["id"], told["outcome"], told["attempt"]) == (delivery.id, "queued", 0)
    assert (told["code"], told["reply"], told["duration_ms"]) == (None, "", None)


async def test_no_reply_begins_a_line_of_its_own_in_anybodys_log(mail, server, caplog):
    caplog.set_level(logging.INFO)
    forged = "550-no\r\n550 \x1b[2J\x9b\u2028WARNING forged\u202e\x85"
    server.answer(Phase.RCPT, forged)

    await mail.send_later(message())
    await mail.drain()

    [record] = [record for record in caplog.records if "failed" in record.message]
    assert logging.Formatter().format(record).isprintable()


def test_no_transports_reply_begins_a_line_of_its_own(lines_about):
    forged = Recipient("bob@example.com", Status.FAILED, None, "no\r\nWARNING forged\x1b[2J")
    failed = Delivery("7f3a", "<a@b>", Status.FAILED, "", (forged,), 1, None, NOW, None, "", 1)

    log.attempted(failed, None)

    assert lines_about(failed) == [r"failed: no\r\nWARNING forged\x1b[2J (attempt 1)"]


def test_the_docs_list_the_fields(caplog):
    caplog.set_level(logging.INFO)
    pauses.paused("the server is away", 20, 421)
    pauses.resumed(180)
    stored = Delivery("7f3a", "<a@b>", Status.QUEUED, "", (), 0, None, NOW, None, "", 0)
    log.together("queued", [stored])
    log.together("queued", [stored, stored])

    listed = re.findall(r"^\| `(\w+)` \|", LOG_PAGE.read_text(), re.MULTILINE)
    given = {name for record in caplog.records for name in vars(record)} - logs.ORDINARY
    assert given == set(listed)
