"""Where the development mailbox stores its messages: a Maildir that several processes share."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from quartapp.mail.mailbox.entry import Entry
from quartapp.mail.mailbox.reading import read, subject_and_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from quartapp.mail.mailbox.reading import ReadMessage

__all__ = ["Store", "for_the_owner"]

MOST = 10_000
"""How many messages one list shows."""

OPENED = 2
"""How many messages are remembered as they were taken apart: each may have many megabytes."""

ID = re.compile(r"[0-9a-f]{16}[0-9a-f]{20}")
FOLDERS = ("new", "cur")
SEEN = ":2,S"
"""What Maildir adds to the name of a message that was read."""


class Store:
    """A Maildir in one folder, made when the first message comes.

    path
        The folder. It and its messages are for the owner's eyes only.
    now
        Nanoseconds since 1970.

    A message is written under `tmp` and renamed, so that no reader sees half of one. File work is
    done in threads.
    """

    def __init__(self, path: Path, now: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self._now = now
        # Messages never change, so what was read once stays true.
        self._remembered = lru_cache(MOST)(self._read_entry)
        # A page of a message asks for it again for its HTML and for each file.
        self._opened = lru_cache(OPENED)(self._take_apart)
        self._opening = Lock()

    def __repr__(self) -> str:
        return f"<Store {self.path}>"

    async def add(self, sender: str, recipients: Iterable[str], content: bytes) -> Entry:
        """Store a message as it came over the wire. Raises `OSError` when it cannot."""
        return await asyncio.to_thread(self._add, sender, tuple(recipients), content)

    async def newest(
        self, limit: int = MOST, before: str | None = None, words: str = ""
    ) -> list[Entry]:
        """The newest messages first.

        before
            Only those that came before the message with this id.
        words
            Only those with all of these in subject, sender or recipients, in any case.
        """
        return await asyncio.to_thread(self._newest, limit, before, words)

    async def count(self) -> int:
        """How many messages there are."""
        return await asyncio.to_thread(lambda: sum(1 for _ in self._ids()))

    async def get(self, delivery_id: str) -> tuple[Entry, bytes]:
        """One message, and the very bytes that were sent. Raises `LookupError`."""
        return await asyncio.to_thread(self._get, delivery_id)

    async def open(self, delivery_id: str) -> tuple[Entry, bytes, ReadMessage]:
        """One message, its bytes and what it says, taken apart once. Raises `LookupError`."""
        return await asyncio.to_thread(self._open, delivery_id)

    async def find(self, message_id: str) -> Entry | None:
        """The newest message with this Message-ID, None while there is none."""
        return await asyncio.to_thread(self._find, message_id)

    async def unread(self) -> set[str]:
        """The ids of the messages that were not opened yet."""
        return await asyncio.to_thread(lambda: set(self._ids("new")))

    async def mark_read(self, delivery_id: str) -> None:
        """Mark a message as opened, as mail programs do."""
        await asyncio.to_thread(self._mark_read, delivery_id)

    async def neighbours(self, delivery_id: str) -> tuple[str | None, str | None]:
        """The ids of the messages that came just after and just before one, if any."""
        return await asyncio.to_thread(self._neighbours, delivery_id)

    async def delete(self, delivery_id: str) -> None:
        """Delete one message. Raises `LookupError`."""
        await asyncio.to_thread(self._delete, delivery_id)

    async def empty(self) -> None:
        """Delete every message."""
        await asyncio.to_thread(self._empty)

    def _add(self, sender: str, recipients: tuple[str, ...], content: bytes) -> Entry:
        now = self._now()
        subject, message_id = subject_and_id(content)
        entry = Entry(
            id=f"{now:016x}{secrets.token_hex(10)}",
            message_id=message_id,
            subject=subject,
            sender=sender,
            recipients=recipients,
            received_at=datetime.fromtimestamp(now / 1e9, UTC),
            size=len(content),
        )
        self._make_folders()
        self._write(entry, content)
        return entry

    def _make_folders(self) -> None:
        for name in ("", "tmp", *FOLDERS):
            (self.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, entry: Entry, content: bytes) -> None:
        unfinished = self.path / "tmp" / entry.id
        try:
            with open(unfinished, "xb", opener=for_the_owner) as file:
                file.write(entry.as_line())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self.path / "new" / entry.id)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _newest(self, limit: int, before: str | None, words: str) -> list[Entry]:
        found = (entry for entry in self._entries(before) if entry.has(words))
        return list(islice(found, limit))

    def _find(self, message_id: str) -> Entry | None:
        found = (entry for entry in self._entries() if entry.message_id == message_id)
        return next(found, None)

    def _entries(self, before: str | None = None) -> Iterator[Entry]:
        for delivery_id in sorted(self._ids(), reverse=True):
            if before is not None and delivery_id >= before:
                continue
            try:
                yield self._remembered(delivery_id)
            except (LookupError, ValueError):
                continue  # deleted meanwhile, or not a message of ours

    def _neighbours(self, delivery_id: str) -> tuple[str | None, str | None]:
        ids = sorted(self._ids())
        newer = next((other for other in ids if other > delivery_id), None)
        older = next((other for other in reversed(ids) if other < delivery_id), None)
        return newer, older

    def _mark_read(self, delivery_id: str) -> None:
        # Another process may have done it, or deleted it.
        with suppress(FileNotFoundError):
            (self.path / "new" / delivery_id).rename(self.path / "cur" / f"{delivery_id}{SEEN}")

    def _ids(self, *folders: str) -> Iterator[str]:
        for folder in folders or FOLDERS:
            try:
                names = os.listdir(self.path / folder)
            except FileNotFoundError:
                continue
            # Mail programs move what they have shown to cur, and add flags after a colon.
            ids = (name.partition(":")[0] for name in names)
            yield from (delivery_id for delivery_id in ids if ID.fullmatch(delivery_id))

    def _read_entry(self, delivery_id: str) -> Entry:
        with open(self._file(delivery_id), "rb") as file:
            return Entry.from_line(file.readline())

    def _get(self, delivery_id: str) -> tuple[Entry, bytes]:
        try:
            with open(self._file(delivery_id), "rb") as file:
                return Entry.from_line(file.readline()), file.read()
        except (FileNotFoundError, ValueError):
            raise LookupError(f"there is no message {delivery_id} in the mailbox") from None

    def _open(self, delivery_id: str) -> tuple[Entry, bytes, ReadMessage]:
        self._file(delivery_id)  # another process may have deleted it
        with self._opening:
            return self._opened(delivery_id)

    def _take_apart(self, delivery_id: str) -> tuple[Entry, bytes, ReadMessage]:
        entry, content = self._get(delivery_id)
        return entry, content, read(content)

    def _file(self, delivery_id: str) -> Path:
        """Where a message is now. Raises `LookupError`."""
        if ID.fullmatch(delivery_id):
            # Looked for by name first: a folder may hold thousands.
            for name in (f"new/{delivery_id}", f"cur/{delivery_id}{SEEN}"):
                if (file := self.path / name).exists():
                    return file
            for seen in (self.path / "cur").glob(f"{delivery_id}*"):
                return seen
        raise LookupError(f"there is no message {delivery_id} in the mailbox")

    def _delete(self, delivery_id: str) -> None:
        self._file(delivery_id).unlink(missing_ok=True)
        self._opened.cache_clear()

    def _empty(self) -> None:
        for folder in FOLDERS:
            with suppress(FileNotFoundError):
                for file in os.scandir(self.path / folder):
                    if ID.fullmatch(file.name.partition(":")[0]):
                        Path(file).unlink(missing_ok=True)
        self._opened.cache_clear()


def for_the_owner(path: str, flags: int) -> int:
    """Open a file, and make it for its owner alone, whatever the umask: an `opener`."""
    return os.open(path, flags, 0o600)
