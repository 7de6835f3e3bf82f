"""The server inside the app, spoken to over a real socket."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from quartapp.mail.mailbox import Catcher, Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CONTENT = b"Subject: hello\r\n\r\n.a line with an end of data\r\n..\r\nthe end\r\n"
KIB = 1024


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mailbox")


@pytest.fixture
async def catcher(store: Store) -> AsyncIterator[Catcher]:
    async with Catcher(store, max_size=64 * KIB) as listening:
        yield listening


@pytest.fixture
async def client(catcher: Catcher) -> AsyncIterator[aiosmtplib.SMTP]:
    smtp = aiosmtplib.SMTP(
        hostname="127.0.0.1",
        port=catcher.port,
        start_tls=False,
        local_hostname="localhost",
        timeout=10,
    )
    async with smtp:
        yield smtp


async def test_a_message_is_stored_as_it_was_sent(client, store):
    await client.sendmail("a@example.com", ["b@example.com", "c@example.com"], CONTENT)

    [entry] = await store.newest()
    assert (entry.sender, entry.recipients) == ("a@example.com", ("b@example.com", "c@example.com"))
    assert (await store.get(entry.id))[1] == CONTENT


async def test_a_bounce_has_no_sender(client, store):
    await client.sendmail("", ["b@example.com"], CONTENT)

    [entry] = await store.newest()
    assert entry.sender == ""


async def test_addresses_in_any_script_are_taken(client, store):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ü@example.com", "ö@example.com", "hi"

    await client.send_message(message)

    [entry] = await store.newest()
    assert (entry.sender, entry.recipients) == ("ü@example.com", ("ö@example.com",))


async def test_an_address_that_is_no_text_is_taken_with_marks_in_it(client, store):
    await client.helo()
    await client.execute_command(b"MAIL FROM:<a@example.com>")
    await client.execute_command(b"RCPT TO:<\xff@example.com>")

    await client.data(CONTENT)

    [entry] = await store.newest()
    assert entry.recipients == ("\ufffd@example.com",)


async def test_a_message_of_the_largest_size_is_stored_though_every_line_begins_with_a_dot(
    client, store
):
    largest = (b"\r\n" + b".\r\n" * 64 * KIB)[: 64 * KIB - 2] + b"\r\n"

    await client.sendmail("a@example.com", ["b@example.com"], largest)

    assert [entry.size for entry in await store.newest()] == [64 * KIB]


async def test_a_message_that_is_too_large_is_refused_for_good(client, store):
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await client.sendmail("a@example.com", ["b@example.com"], b"x\r\n" * 22 * KIB)

    assert refused.value.code == 552
    assert await store.count() == 0


async def test_a_mailbox_that_cannot_be_written_asks_to_try_again(client, store):
    store.path.write_text("a file where the folder should be")

    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await client.sendmail("a@example.com", ["b@example.com"], CONTENT)

    assert refused.value.code == 451
    assert "cannot store the message" in refused.value.message


async def test_the_connection_goes_on_after_a_refusal(client, store):
    store.path.write_text("a file where the folder should be")
    with pytest.raises(aiosmtplib.SMTPDataError):
        await client.sendmail("a@example.com", ["b@example.com"], CONTENT)

    store.path.unlink()
    await client.sendmail("a@example.com", ["b@example.com"], CONTENT)

    assert await store.count() == 1


async def test_closing_cuts_those_who_still_talk(store):
    async with Catcher(store) as catcher:
        reader, writer = await asyncio.open_connection("127.0.0.1", catcher.port)
        greeting = await reader.readline()

    assert greeting.startswith(b"220 localhost")
    assert await reader.read() == b""
    writer.close()


async def test_closing_leaves_no_task_behind(store):
    before = asyncio.all_tasks()

    async with Catcher(store) as catcher:
        _, writer = await asyncio.open_connection("127.0.0.1", catcher.port)

    assert asyncio.all_tasks() == before
    writer.close()


async def test_a_closed_catcher_has_no_port(store):
    async with Catcher(store) as catcher:
        assert str(catcher.port) in repr(catcher)

    with pytest.raises(RuntimeError, match="open it"):
        _ = catcher.port


@pytest.mark.parametrize("size", ["²", "9" * 300, "-1", "x"])
async def test_a_size_that_is_no_number_is_refused_without_a_traceback(client, caplog, size):
    await client.ehlo()

    code, _ = await client.execute_command(f"MAIL FROM:<a@example.com> SIZE={size}".encode())

    assert code in (501, 552)
    assert "failed" not in caplog.text
