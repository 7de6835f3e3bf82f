"""The Maildir: what goes in comes out as it was, and in order."""

from __future__ import annotations

import asyncio
import mailbox
import os
import stat
from itertools import count
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.mailbox import Chaos, Kind, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MESSAGE = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.com>\r\n\r\n\xff\x00.\r\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    ticks = count(1_800_000_000_000_000_000)
    return Store(tmp_path / "mailbox", now=lambda: next(ticks))


@pytest.fixture
def open_umask() -> Iterator[None]:
    """New files are for everybody, where nothing else is said."""
    before = os.umask(0)
    yield
    os.umask(before)


async def add(store: Store, subject: str) -> str:
    message = f"Subject: {subject}\r\n\r\n".encode()
    return (await store.add("a@example.com", ["b@example.com"], message)).id


async def subjects(store: Store, **which: object) -> list[str]:
    return [entry.subject for entry in await store.newest(**which)]


async def test_a_message_comes_out_byte_for_byte(store):
    stored = await store.add("a@example.com", ["b@example.com"], MESSAGE)

    entry, content = await store.get(stored.id)

    assert content == MESSAGE
    assert entry == stored


async def test_an_entry_says_what_the_envelope_and_the_headers_say(store):
    await store.add("ä@example.com", ["b@example.com", "c@example.com"], MESSAGE)

    [entry] = await store.newest()

    assert (entry.subject, entry.message_id) == ("Grüße", "<1@example.com>")
    assert (entry.sender, entry.recipients) == ("ä@example.com", ("b@example.com", "c@example.com"))
    assert (entry.size, entry.received_at.year) == (len(MESSAGE), 2027)


async def test_the_newest_message_comes_first(store):
    for subject in ("one", "two", "three"):
        await add(store, subject)

    assert await subjects(store) == ["three", "two", "one"]


async def test_a_list_goes_on_where_the_one_before_ended(store):
    await add(store, "one")
    two = await add(store, "two")
    await add(store, "three")

    assert await subjects(store, limit=2) == ["three", "two"]
    assert await subjects(store, limit=2, before=two) == ["one"]


async def test_a_mailbox_without_messages_is_empty(store):
    assert await store.newest() == []
    assert await store.count() == 0


async def test_two_stores_share_one_folder(store):
    other = Store(store.path)

    await asyncio.gather(*(add(each, "hello") for each in (store, other) for _ in range(20)))

    assert await store.count() == len(await other.newest()) == 40


async def test_emptying_the_mailbox_leaves_nothing(store):
    message = await add(store, "hello")

    await store.empty()

    assert await store.newest() == []
    with pytest.raises(LookupError):
        await store.get(message)


async def test_a_message_is_taken_apart_once_however_often_it_is_opened(store):
    message = await add(store, "hello")

    opened = await asyncio.gather(*(store.open(message) for _ in range(20)))

    assert len({id(said) for _, _, said in opened}) == 1
    assert (await store.open(message))[2] is opened[0][2]


@pytest.mark.parametrize("other", [False, True])
async def test_a_message_that_was_deleted_is_not_opened(store, other):
    message = await add(store, "hello")
    await store.open(message)

    await (Store(store.path) if other else store).delete(message)

    with pytest.raises(LookupError):
        await store.open(message)


@pytest.mark.parametrize("name", ["", "x", "../../new", "0" * 36, "*", "\x00"])
async def test_an_unknown_id_finds_nothing(store, name):
    await add(store, "hello")

    with pytest.raises(LookupError):
        await store.get(name)


async def test_files_that_are_no_messages_of_ours_are_passed_over(store):
    await add(store, "hello")
    (store.path / "new" / "readme").write_text("not a message")
    (store.path / "new" / ("f" * 36)).write_text("Subject: of another program\n\n")

    assert await subjects(store) == ["hello"]


async def test_a_mail_program_can_read_the_folder(store):
    added = await add(store, "hello")

    [(key, message)] = mailbox.Maildir(store.path).items()

    assert (key, message["Subject"]) == (added, "hello")


async def test_a_message_that_was_seen_is_still_there(store):
    message = await add(store, "hello")
    (store.path / "new" / message).rename(store.path / "cur" / f"{message}:2,S")

    assert await subjects(store) == ["hello"]
    assert (await store.get(message))[0].id == message


@pytest.mark.usefixtures("open_umask")
async def test_messages_are_for_the_owner_only(store):
    message = await add(store, "hello")

    assert stat.S_IMODE((store.path / "new" / message).stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o700


@pytest.mark.usefixtures("open_umask")
async def test_what_chaos_writes_is_for_the_owner_only(tmp_path):
    await Chaos(tmp_path / "chaos.json").switch_on(Kind.DROP, 2)

    assert stat.S_IMODE((tmp_path / "chaos.json").stat().st_mode) == 0o600


async def test_a_message_that_cannot_be_kept_leaves_no_half_of_it(store):
    await add(store, "hello")
    (store.path / "new").rename(store.path / "gone")
    (store.path / "new").write_text("a file where a folder should be")

    with pytest.raises(OSError, match=r"exists|Not a directory"):
        await add(store, "lost")

    assert os.listdir(store.path / "tmp") == []


async def test_hundreds_of_messages_are_listed_without_reading_them_again(store):
    await asyncio.gather(*(add(store, str(number)) for number in range(500)))
    await store.newest()
    for file in (store.path / "new").iterdir():
        file.write_bytes(b"")

    assert len(await store.newest()) == 500


async def test_a_search_finds_words_in_subjects_and_addresses(store):
    await add(store, "Tea at four")
    await add(store, "Coffee at five")

    assert await subjects(store, words="TEA") == ["Tea at four"]
    assert await subjects(store, words="at b@example") == ["Coffee at five", "Tea at four"]
    assert await subjects(store, words="tea five") == []


async def test_what_was_read_is_read_in_every_process(store):
    one, two = await add(store, "one"), await add(store, "two")

    await store.mark_read(one)
    await store.mark_read(one)

    assert await Store(store.path).unread() == {two}
    [message] = [m for m in mailbox.Maildir(store.path) if m["Subject"] == "one"]
    assert (message.get_subdir(), message.get_flags()) == ("cur", "S")


async def test_a_message_knows_its_neighbours(store):
    one, two, three = [await add(store, subject) for subject in ("one", "two", "three")]

    assert await store.neighbours(two) == (three, one)
    assert await store.neighbours(three) == (None, two)
    assert await store.neighbours(one) == (two, None)


async def test_one_message_can_be_deleted(store):
    one, _ = await add(store, "one"), await add(store, "two")
    await store.mark_read(one)

    await store.delete(one)

    assert await subjects(store) == ["two"]
    with pytest.raises(LookupError):
        await store.delete(one)


async def test_a_message_is_found_by_its_message_id(store):
    stored = await store.add("a@example.com", ["b@example.com"], MESSAGE)

    assert await store.find("<1@example.com>") == stored
    assert await store.find("<2@example.com>") is None
