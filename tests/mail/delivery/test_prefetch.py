"""How many messages a dispatcher claims ahead follows from how fast they are sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from quartapp.database import Database
from quartapp.mail.delivery.prefetch import BYTES, LEAST, MOST, ContentLimit, Prefetch
from quartapp.mail.delivery.sender import SMALL, Sender, SendJob
from quartapp.mail.outbox import Outbox
from quartapp.mail.settings import MailSettings
from quartapp.mail.transports.memory import MemoryTransport
from tests.crash.clock import HandClock
from tests.mail.delivery.sample import claim_of


def a_second_of(messages):
    clock = HandClock()
    prefetch = Prefetch(2, clock)
    for _ in range(messages):
        clock.seconds += 1 / messages
        prefetch.count()
    return prefetch


def test_at_first_a_few_for_each_connection_are_claimed():
    assert Prefetch(2, HandClock()).limit(0) == 2 * LEAST


def test_a_slow_server_gets_no_more():
    assert a_second_of(50).limit(0) == 2 * LEAST


def test_a_fast_server_gets_those_of_a_tenth_of_a_second():
    assert 95 <= a_second_of(1000).limit(0) <= 105


def test_no_dispatcher_claims_more_than_the_limit():
    assert a_second_of(100_000).limit(0) == MOST


def test_of_large_messages_no_more_are_claimed_than_there_are_connections():
    prefetch = a_second_of(1000)

    assert prefetch.limit(BYTES - 1) > prefetch.limit(BYTES) == 2


async def test_contents_are_loaded_while_there_is_room_for_them():
    contents = ContentLimit(100)
    contents.change(60)
    before = contents.has_room
    contents.change(60)
    waiting = asyncio.ensure_future(contents.room())
    await asyncio.sleep(0)
    full = (contents.has_room, waiting.done())

    contents.change(-60)
    await asyncio.wait_for(waiting, 30)

    assert (before, full) == (True, (False, False))


@pytest.mark.parametrize("size", [60, SMALL + 1])
async def test_what_is_sent_and_not_recorded_is_bounded_in_bytes(sqlite_url, size):
    """As in an outage of the database, while the mail server takes all that it gets."""
    transport, contents = MemoryTransport(), ContentLimit(2 * size)
    sender = sender_of(sqlite_url, transport, contents, size)
    jobs = [SendJob(replace(claim_of("ada@example.com"), size=size)) for _ in range(3)]
    await sender.attempt(jobs[0])
    await sender.attempt(jobs[1])
    third = asyncio.ensure_future(sender.attempt(jobs[2]))
    for _ in range(9):
        await asyncio.sleep(0)
    before = len(transport.messages)

    contents.change(-jobs[0].held)
    await asyncio.wait_for(third, 30)

    assert (before, len(transport.messages)) == (2, 3)


def sender_of(url, transport, contents, size):
    """A sender of messages of that size."""

    async def load(_id):
        return bytes(size)

    settings = MailSettings()
    return Sender(
        settings,
        Outbox(Database(url), settings, HandClock()),
        lambda _backend: transport,
        load=load,
        check=lambda _claim: None,
        stamp=load,
        contents=contents,
    )
