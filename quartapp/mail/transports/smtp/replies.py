"""Replies, parsed from what a server sends (RFC 5321 section 4.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiosmtplib
from aiosmtplib.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Replies"]

LINE = re.compile(rb"(\d{3})(?:([ -])|(?!\d))(.*?)\r?", re.DOTALL)
"""A server may leave out the space after the code: `250OK`."""

LONGEST = 32 * 1024
"""Bytes of a whole reply: generous, and no server fills our memory with one that never ends."""


class Replies:
    """Takes bytes as they come, and gives the replies that are complete.

    mask
        Takes our password out of a text.
    """

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
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
                raise self._nonsense(line)
            code, mark, words = found.groups()
            self._lines.append((words or b"").decode("utf-8", "surrogateescape").strip())
            self._size += len(line)
            if mark == b"-":
                continue
            yield SMTPResponse(int(code), self._mask("\n".join(self._lines)))
            self._lines, self._size = [], 0
        if self._size + len(self._rest) > LONGEST:
            raise aiosmtplib.SMTPServerDisconnected("the server's reply has no end")

    def _nonsense(self, line: bytes) -> aiosmtplib.SMTPServerDisconnected:
        words = self._mask(line.decode("utf-8", "replace"))[:200]
        return aiosmtplib.SMTPServerDisconnected(f"not an SMTP reply: {words}")
