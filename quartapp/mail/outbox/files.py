"""Files and streams of a message, read off the event loop and no further than MAIL_MAX_SIZE."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown
from quartapp.mail.message.streams import Stream

if TYPE_CHECKING:
    from quartapp.mail.clock import Turns
    from quartapp.mail.message.attachment import Attachment
    from quartapp.mail.message.message import Message

__all__ = ["read_files"]

PIECE = 256 * 1024
"""Bytes of a file that are read at once; a read that nobody awaits any more ends after them."""

# A named pipe that nobody writes to would hold the thread.
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}


async def read_files(message: Message, max_size: int, turns: Turns) -> None:
    """Read the attachments that are files or streams: the message then has their bytes.

    max_size
        Bytes of all attachments together.
    turns
        When others have a turn, while a stream is read.

    Raises `MessageError` for what is no regular file, cannot be read, is larger or was read
    already, and what a stream raises. Streams are closed, whatever happens.
    """
    # Assigned, they are checked: the list may hold anything by now.
    message.attachments = list(message.attachments)
    attachments = message.attachments
    room = max_size - sum(len(each.octets) for each in attachments if _is_read(each))
    for index, attachment in enumerate(attachments):
        place = f"attachments[{index}] {shown(attachment.filename)}"
        match attachment.source:
            case Path() as path:
                data = await _file(place, path, room)
            case Stream() as stream:
                data = await _stream(place, stream, room, turns)
            case _:
                continue
        if len(data) > room:
            raise MessageError(
                f"{place} is too large: attachments may have {max_size} bytes together "
                "(MAIL_MAX_SIZE). Send less, or raise it."
            )
        room -= len(data)
        # One by one: a stream that was read cannot be read again if the next one fails.
        attachments[index] = attachment.of(data)


def _is_read(attachment: Attachment) -> bool:
    return isinstance(attachment.source, bytes)


async def _file(place: str, path: Path, room: int) -> bytes:
    """As much of a file as there is room for, and a byte more where it has more."""
    is_given_up = Event()
    try:
        return await asyncio.to_thread(_read, path, room, is_given_up)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MessageError(f"{place} cannot be read from {shown(str(path))}: {reason}.") from error
    finally:
        is_given_up.set()


def _read(path: Path, room: int, is_given_up: Event) -> bytes:
    # To open a device may do something by itself.
    _check_kind(os.stat(path))
    file = os.open(path, FLAGS)
    try:
        _check_kind(os.fstat(file))
        data = bytearray()
        while len(data) <= room and not is_given_up.is_set():
            piece = os.read(file, min(PIECE, room + 1 - len(data)))
            if not piece:
                break
            data += piece
        return bytes(data)
    finally:
        os.close(file)


def _check_kind(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "a device")
        raise OSError(f"it is {kind}, not a file")


async def _stream(place: str, stream: Stream, room: int, turns: Turns) -> bytes:
    """As much of a stream as there is room for, and a piece more where it has more."""
    data = bytearray()
    pieces = stream.opened(place)
    try:
        async for piece in pieces:
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise MessageError(f"{place} gave {type(piece).__name__}: give bytes.")
            data += piece
            if len(data) > room:
                break
            await turns.give()
    finally:
        if close := getattr(pieces, "aclose", None):
            await close()
    return bytes(data)
