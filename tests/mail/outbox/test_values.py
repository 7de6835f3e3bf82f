"""Times and text: what is read is what was written, and no reply breaks a write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from quartapp.mail.outbox import Filter
from quartapp.mail.transports import Answer, Result
from tests.mail.outbox.sample import ADA, HOUR, NOW, attempt, new

HOSTILE = "5\0.1.1 \ud800 no\udfff such \N{PILE OF POO} user\x1b[31m"


async def test_times_come_back_aware_in_utc_to_the_microsecond(outbox):
    queued = await outbox.enqueue(new(due_at=NOW + HOUR, expires_at=NOW + 2 * HOUR))

    found = await outbox.get(queued.id)

    assert (found.created_at, found.due_at) == (NOW, NOW + HOUR)
    assert {found.created_at.tzinfo, found.recipients[0].due_at.tzinfo} == {UTC}


async def test_a_time_of_another_zone_is_the_same_moment(outbox, clock):
    seoul = timezone(timedelta(hours=9))
    queued = await outbox.enqueue(new(due_at=(NOW + HOUR).astimezone(seoul)))

    found = await outbox.get(queued.id)
    clock.go_on(HOUR)

    assert (found.due_at, found.due_at.tzinfo) == (NOW + HOUR, UTC)
    assert len((await outbox.claim(1)).claims) == 1


@pytest.mark.parametrize("result", [Result.TRANSIENT, Result.PERMANENT, Result.UNCERTAIN])
async def test_nothing_that_a_server_says_breaks_a_write(outbox, result):
    queued = await outbox.enqueue(new())

    [written] = await attempt(outbox, Answer(result, 550, HOSTILE))
    found = await outbox.get(queued.id)

    assert written.recipients[0].reply == HOSTILE
    assert found.recipients[0].reply == "5�.1.1 � no� such \N{PILE OF POO} user\x1b[31m"
    assert "\N{PILE OF POO}" in found.detail


@pytest.mark.parametrize("subject", ["Тест 茶 ☕ \N{PILE OF POO} é", "‮gnirts", "' OR 1=1 --", ""])
async def test_any_subject_comes_back_as_it_was(outbox, subject):
    queued = await outbox.enqueue(new(subject=subject))

    assert (await outbox.get(queued.id)).subject == subject


@pytest.mark.parametrize("options", [(), ("RET=HDRS",), ("RET=HDRS", "ENVID=a+2Bb")])
async def test_the_options_of_a_message_come_back_as_they_were(outbox, options):
    given = new()
    envelope = replace(given.encoded.envelope, mail_options=options, rcpt_options=options)
    await outbox.enqueue(replace(given, encoded=replace(given.encoded, envelope=envelope)))

    [claim] = (await outbox.claim(1)).claims

    assert (claim.mail_options, claim.rcpt_options) == (options, options)


@pytest.mark.parametrize("strange", ["\0", "\ud800", "%", "x" * 100_000])
async def test_a_strange_question_finds_nothing(outbox, strange):
    await outbox.enqueue(new(ADA))

    by_id = await outbox.get(strange)
    found = await outbox.find(Filter(recipient=strange, key=strange, before=strange), 10)

    assert (by_id, found) == (None, [])
    assert await outbox.cancel([strange]) == await outbox.retry([strange]) == []
