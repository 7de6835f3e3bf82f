"""Chaos: what the catcher does to messages, in every process, and when it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from quartapp.mail.mailbox import Catcher, Chaos, Kind, Store
from quartapp.mail.testing import Phase
from tests.crash.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MESSAGE = b"Subject: hello\r\n\r\n"


@pytest.fixture
def chaos(tmp_path: Path) -> Chaos:
    return Chaos(tmp_path / "chaos.json")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mailbox")


@pytest.fixture
async def catcher(store: Store, chaos: Chaos) -> AsyncIterator[Catcher]:
    async with Catcher(store, chaos=chaos) as listening:
        yield listening


def to(catcher: Catcher) -> aiosmtplib.SMTP:
    """A client of the mailbox's server."""
    return aiosmtplib.SMTP(
        hostname="127.0.0.1", port=catcher.port, start_tls=False, local_hostname="localhost"
    )


async def send(catcher: Catcher, *recipients: str) -> str:
    """Send a message on a connection of its own; what became of it."""
    try:
        async with to(catcher) as client:
            await client.sendmail("a@example.com", recipients or ["b@example.com"], MESSAGE)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return str(refused.recipients[0].code)
    except aiosmtplib.SMTPResponseException as error:
        return str(error.code)
    except aiosmtplib.SMTPServerDisconnected:
        return "lost"
    return "stored"


@pytest.mark.parametrize(
    ("kind", "end", "stored"),
    [
        (Kind.DEFER_RECIPIENTS, "451", 0),
        (Kind.REFUSE_RECIPIENTS, "550", 0),
        (Kind.DEFER_MESSAGES, "451", 0),
        (Kind.REFUSE_MESSAGES, "554", 0),
        (Kind.DROP, "lost", 1),
    ],
)
async def test_it_befalls_so_many_messages_and_no_more(catcher, chaos, store, kind, end, stored):
    await chaos.switch_on(kind, 2)

    ends = [await send(catcher) for _ in range(3)]

    assert ends == [end, end, "stored"]
    assert await store.count() == 2 * stored + 1
    assert await chaos.now() is None


async def test_it_goes_on_until_it_is_switched_off(catcher, chaos):
    await chaos.switch_on(Kind.DEFER_MESSAGES, None)
    during = [await send(catcher) for _ in range(3)]

    await chaos.switch_off()

    assert during == ["451"] * 3
    assert await send(catcher) == "stored"


async def test_a_message_to_many_is_one_message(catcher, chaos):
    await chaos.switch_on(Kind.DEFER_RECIPIENTS, 1)

    assert await send(catcher, "b@example.com", "c@example.com") == "451"
    assert await send(catcher, "b@example.com", "c@example.com") == "stored"


async def test_who_is_stalled_goes_on_when_it_is_switched_off(catcher, chaos, store):
    await chaos.switch_on(Kind.STALL, 1)
    stalled = asyncio.create_task(send(catcher))
    await until(store.count, lambda: "a message stored")

    before = stalled.done()
    assert (await chaos.now()).left == 0
    assert await send(catcher) == "stored"
    await chaos.switch_off()

    assert (before, await stalled) == (False, "stored")


async def test_a_stalled_message_holds_no_shutdown_up(store, chaos):
    await chaos.switch_on(Kind.STALL, None)
    async with Catcher(store, chaos=chaos) as catcher:
        stalled = asyncio.create_task(send(catcher))
        await until(store.count, lambda: "a message stored")

    assert await stalled == "lost"


async def test_processes_share_it_and_count_together(chaos, tmp_path):
    other = Chaos(tmp_path / "chaos.json")
    await chaos.switch_on(Kind.REFUSE_MESSAGES, 10)

    taken = [await each.take(Phase.END_OF_DATA) for _ in range(6) for each in (chaos, other)]

    assert [bool(one) for one in taken] == [True] * 10 + [False] * 2


async def test_a_broken_file_is_no_chaos(chaos, tmp_path):
    (tmp_path / "chaos.json").write_text("{")

    assert await chaos.now() is None
    assert await chaos.take(Phase.END_OF_DATA) is None


async def test_what_was_used_up_is_forgotten_when_the_mailbox_starts_again(store, chaos):
    await chaos.switch_on(Kind.STALL, 1)
    await chaos.take(Phase.END_OF_DATA)
    before = await chaos.now()

    async with Catcher(store, chaos=chaos):
        after = await chaos.now()

    assert (before.left, after) == (0, None)


async def test_what_is_not_used_up_is_in_force_after_a_restart(store, chaos):
    await chaos.switch_on(Kind.STALL, 1)

    async with Catcher(store, chaos=chaos):
        assert (await chaos.now()).left == 1


async def test_what_is_used_up_is_forgotten_when_the_stalled_client_hangs_up(catcher, chaos):
    await chaos.switch_on(Kind.STALL, 1)
    client = to(catcher)
    await client.connect()
    sending = client.sendmail("a@example.com", ["b@example.com"], MESSAGE)
    stalled = asyncio.create_task(sending)
    await until(lambda: is_used_up(chaos), lambda: "a stalled client")

    client.close()

    await until(lambda: is_off(chaos), lambda: "no chaos")
    await asyncio.wait([stalled])
    assert stalled.exception()


async def is_used_up(chaos):
    """Whether the last message of a fault is stalled."""
    mischief = await chaos.now()
    return mischief is not None and mischief.left == 0


async def is_off(chaos):
    """Whether nothing is in force."""
    return await chaos.now() is None
