"""Replies, parsed from what a server sends (RFC 5321 section 4.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiosmtplib
from aiosmtplib.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Replies"]

LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?\r?", re.DOTALL)

LONGEST = 32 * 1024
"""Bytes of a whole reply: generous, and no server fills our memory with one that never ends."""


class Replies:
    """Takes bytes as they come, and gives the replies that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[SMTPResponse]:
        """The replies that end in these bytes.

        Raises `aiosmtplib.SMTPServerDisconnected` for what is no reply: from there on it is
        unknown which reply belongs to which command.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            found = LINE.fullmatch(line)
            if not found:
                raise _nonsense(line)
            code, mark, words = found.groups()
            self._lines.append((words or b"").decode("utf-8", "surrogateescape").strip())
            self._size += len(line)
            if mark == b"-":
                continue
            yield SMTPResponse(int(code), "\n".join(self._lines))
            self._lines, self._size = [], 0
        if self._size + len(self._rest) > LONGEST:
            raise aiosmtplib.SMTPServerDisconnected("the server's reply has no end")


def _nonsense(line: bytes) -> aiosmtplib.SMTPServerDisconnected:
    words = line[:200].decode("utf-8", "replace")
    return aiosmtplib.SMTPServerDisconnected(f"not an SMTP reply: {words}")
