"""Attachments from files and streams: read when the message is queued or sent, and bounded."""

from __future__ import annotations

import asyncio
import os
import socket
from email import message_from_bytes
from pathlib import Path

import pytest

from quartapp.mail import Attachment, MailService, MessageError, PlainHost
from quartapp.mail.testing import message
from tests.crash.waiting import until

LIMIT = 300_000

OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture
def mail(tmp_path):
    """A mail service that sends nothing and needs no table."""
    config = {"MAIL_SUPPRESS_SEND": True, "MAIL_MAX_SIZE": LIMIT}
    return MailService(PlainHost(config, folder=tmp_path))


async def rows(*pieces, closed=None):
    try:
        for piece in pieces:
            await asyncio.sleep(0)
            yield piece
    finally:
        if closed is not None:
            closed.append(True)


async def test_a_file_and_a_stream_are_read_when_the_message_is_sent(mail, tmp_path):
    path = tmp_path / "Straße.pdf"
    path.write_bytes(b"as it was attached")
    written = message()
    written.attach(path=path)
    written.attach("rows.csv", data=rows(b"a;b\r\n", bytearray(b"1;"), memoryview(b"2")))
    written.attach("named.txt", path=str(path))
    path.write_bytes(b"as it is sent")

    with mail.record_messages() as outbox:
        await mail.send(written)
        await mail.send(written)

    for sent in outbox:
        assert [(each.filename, each.content_type, each.data) for each in sent.attachments] == [
            ("Straße.pdf", "application/pdf", b"as it is sent"),
            ("rows.csv", "text/csv", b"a;b\r\n1;2"),
            ("named.txt", "text/plain", b"as it is sent"),
        ]


async def test_a_file_goes_through_the_outbox_as_it_was_when_it_was_queued(serve, server, tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"\0" * 100_000)
    written = message()
    written.attach(path=path)
    async with serve() as mail:
        async with mail.outbox.database.transaction() as session:
            delivery = await mail.send_later(written, session=session)
            path.unlink()
        await mail.wait(delivery, timeout=30)

    _, file = message_from_bytes(server.messages[0].content).get_payload()
    assert (file.get_filename(), file.get_payload(decode=True)) == ("a.bin", b"\0" * 100_000)


async def test_a_file_is_read_anew_for_each_message(mail, tmp_path):
    path = tmp_path / "a.txt"
    attachment = Attachment(path=path)
    contents = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        written = message(attachments=[attachment])
        await mail.send(written)
        contents.append(written.attachments[0].data)

    assert contents == [b"one", b"two"]


@pytest.mark.parametrize("kind", ["directory", "named pipe", "socket", "device", "missing"])
async def test_what_is_no_file_is_one_sentence(mail, tmp_path, kind, monkeypatch):
    path, reason = tmp_path / "a", f"it is a {kind}, not a file"
    match kind:
        case "directory":
            path.mkdir()
        case "named pipe":
            os.mkfifo(path)
        case "socket":
            # The address of a socket has about a hundred characters.
            monkeypatch.chdir(tmp_path)
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind("a")
        case "device":
            path = Path("/dev/zero")
        case "missing":
            reason = "No such file or directory"
    written = message()
    written.attach(path=path)

    with pytest.raises(
        MessageError, match=rf"^attachments\[0\] .* cannot be read from .*: {reason}"
    ):
        await mail.send(written)


@pytest.mark.parametrize("size", [LIMIT + 1, 10 * 1024**4])
async def test_a_file_is_read_no_further_than_the_limit(mail, tmp_path, size):
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(size)
    written = message()
    written.attach("small", data=b"x" * 100)
    written.attach(path=path)

    with pytest.raises(
        MessageError, match=r"^attachments\[1\] 'big' is too large: .*MAIL_MAX_SIZE"
    ):
        await mail.send(written)


async def test_a_stream_without_end_is_read_no_further_than_the_limit_and_closed(mail):
    closed = []

    async def endless():
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.append(True)

    written = message()
    written.attach("endless", data=endless())

    with pytest.raises(MessageError, match="'endless' is too large"):
        await mail.send(written)
    assert closed == [True]


async def test_others_have_their_turns_while_a_stream_is_read(mail):
    ended = asyncio.Event()

    async def until_ended():
        while not ended.is_set():
            yield b""

    written = message()
    written.attach("a", data=until_ended())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(mail.send(written))
        asyncio.get_running_loop().call_soon(ended.set)

    assert written.attachments[0].data == b""


async def test_a_stream_that_was_read_is_not_sent_as_nothing(mail):
    stream = rows(b"x")
    first, second, third = message(), message(), message()
    first.attach("a", data=stream)
    second.attachments = first.attachments
    third.attach("a", data=stream)
    await mail.send(first)

    for written in (second, third):
        with pytest.raises(MessageError, match=r"^attachments\[0\] 'a' was read already"):
            await mail.send(written)


async def test_an_iterable_that_starts_anew_can_be_sent_again(mail):
    class Anew:
        def __aiter__(self):
            return rows(b"x")

    attachment = Attachment("a", data=Anew())
    written = [message(attachments=[attachment]) for _ in range(2)]
    for each in written:
        await mail.send(each)

    assert [each.attachments[0].data for each in written] == [b"x", b"x"]


@pytest.mark.parametrize(("piece", "kind"), [("text", "str"), (7, "int"), (None, "NoneType")])
async def test_a_stream_of_anything_but_bytes_is_refused_and_closed(mail, piece, kind):
    closed = []
    written = message()
    written.attach("a", data=rows(piece, closed=closed))

    with pytest.raises(MessageError, match=rf"^attachments\[0\] 'a' gave {kind}: give bytes"):
        await mail.send(written)
    assert closed == [True]


async def test_what_a_stream_raises_reaches_the_caller_and_stores_nothing(serve):
    async def broken():
        yield b"x"
        raise ZeroDivisionError("no rows")

    written = message()
    written.attach("a", data=broken())
    async with serve() as mail:
        for sending in (mail.send, mail.send_later, lambda m: mail.send_all_later([message(), m])):
            with pytest.raises((ZeroDivisionError, MessageError), match=r"no rows|read already"):
                await sending(written)

        assert await mail.find() == []


async def test_a_stream_is_closed_when_the_caller_is_cancelled(mail):
    closed, reading = [], asyncio.Event()

    async def slow():
        try:
            yield b"x"
            reading.set()
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    written = message()
    written.attach("a", data=slow())
    sending = asyncio.create_task(mail.send(written))
    await reading.wait()
    sending.cancel()
    await asyncio.wait([sending])

    assert (sending.cancelled(), closed) == (True, [True])


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs /proc")
async def test_a_file_is_closed_when_the_caller_is_cancelled(tmp_path):
    config = {"MAIL_SUPPRESS_SEND": True, "MAIL_MAX_SIZE": "512MiB"}
    mail = MailService(PlainHost(config, folder=tmp_path))
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(512 * 1024**2)
    written = message()
    written.attach(path=path)

    async def is_open():
        return str(path) in map(os.path.realpath, OPEN_FILES.iterdir())  # noqa: ASYNC240

    async def is_closed():
        return not await is_open()

    sending = asyncio.create_task(mail.send(written))
    # At once: the next turn may be too late.
    while not await is_open():  # noqa: ASYNC110
        await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await until(is_closed, lambda: "the file is closed")

    assert sending.cancelled()


def test_what_was_not_read_yet_says_so():
    written = message()
    written.attach(path="a.txt")

    with pytest.raises(
        MessageError, match=r"data of 'a.txt' was not read yet: it is when the mess"
    ):
        written.as_bytes()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "a", "data": b"x"}, "^path 'a' is given, and data too"),
        ({"path": b"a"}, "^path b'a' is no path"),
        ({"path": "a\0b"}, "^path 'a.*b' is no path"),
        ({"path": ""}, "^path '' is no path"),
        ({"path": 7}, "^path 7 is no path"),
        ({"path": "a\nb"}, "^filename must not contain line breaks"),
        ({}, "^data of None is missing: give text or bytes, or a path"),
        ({"data": 7}, "must be text, bytes or an async iterator"),
    ],
)
def test_a_path_that_is_none_is_refused_when_it_is_attached(given, words):
    with pytest.raises(MessageError, match=words):
        message().attach(**given)
