"""A message's bytes taken apart into headers and parts, in linear time whatever they hold.

The standard library's parser compares each line with the boundary of each part around it, and
calls itself for each part within a part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quartapp.mail.mailbox.parameters import parameters
from quartapp.mail.mailbox.words import decoded, text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

__all__ = ["MOST_HEADERS", "MOST_PARTS", "ReceivedPart", "first_headers", "parts"]

MOST_PARTS = 1000
"""Parts that are told apart; what follows belongs to the last."""

MOST_HEADERS = 1000
"""Headers of one part that are read."""

HEADERS = 256 * 1024
"""How many bytes of a message are searched for its headers, when only those are wanted."""

DEEPEST = 50
"""Parts within parts; those within the last are one."""

LONGEST_BOUNDARY = 200
"""Octets, of which RFC 2046 allows 70."""

BOUNDARY = re.compile(rb"^--([^\r\n]++)\r?$", re.MULTILINE)
KIND = re.compile(r"[^\s;()]{1,200}+")
"""What a type is, without a comment or what lacks its semicolon."""

FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:(.*+)", re.DOTALL)


@dataclass(slots=True)
class ReceivedPart:
    """One part that is not made of parts, or the message itself.

    headers
        Names and values as they are written, unfolded.
    within
        The content type of the part that it is a part of, "" for the message.
    """

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    within: str = ""

    def header(self, name: str) -> str:
        """The first header of that lower-case name, "" where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def content_type(self) -> str:
        """In lower case; what RFC 2046 says where the part does not say or makes no sense."""
        found = KIND.match(self.header("content-type"))
        kind = found[0].lower() if found else ""
        if kind.count("/") == 1 and kind.isprintable():
            return kind
        return "message/rfc822" if self.within == "multipart/digest" else "text/plain"

    @property
    def data(self) -> bytes:
        """The body without its transfer encoding."""
        return decoded(self.body, self.header("content-transfer-encoding"))


def first_headers(content: bytes) -> ReceivedPart:
    """A message's headers without its body, as far as they stand in its beginning."""
    return _head(content[:HEADERS], 0, ())[0]


def parts(content: bytes) -> tuple[ReceivedPart, list[ReceivedPart]]:
    """A message's headers, and its parts in the order in which they come.

    A message within the message is one part: what it is made of is its own.
    """
    whole, at = _head(content, 0, ())
    splitter = _Splitter(content)
    splitter.enter(whole, at)
    for line in BOUNDARY.finditer(content, at):
        # A part's headers are read ahead of the lines.
        if line.start() >= splitter.at and not splitter.cross(line.start(), line.end(), line[1]):
            break
    splitter.leave(len(content))
    return whole, splitter.found


class _Splitter:
    def __init__(self, content: bytes) -> None:
        self.at = 0
        self.found: list[ReceivedPart] = []
        self._content = content
        self._part: ReceivedPart | None = None
        # Each open boundary with its depth and its part's type, the outermost first.
        self._open: dict[bytes, tuple[int, str]] = {}

    def enter(self, part: ReceivedPart, at: int) -> None:
        """Begin a part whose body is there."""
        self.at = at
        boundary = _boundary(part)
        if boundary and len(self._open) < DEEPEST and boundary not in self._open:
            self._open[boundary] = len(self._open), part.content_type
            self._part = None
        else:
            self._part = part

    def cross(self, start: int, end: int, written: bytes) -> bool:
        """Go over a line that may be a boundary; false when enough parts were found."""
        text = written.rstrip(b" \t")
        ends = text not in self._open
        boundary = text.removesuffix(b"--") if ends else text
        if boundary not in self._open:
            return True
        if len(self.found) == MOST_PARTS - 1:
            return False
        self.leave(start)
        depth, kind = self._open[boundary]
        for inner in list(self._open)[depth + (not ends) :]:
            del self._open[inner]
        if not ends:
            part, at = _head(self._content, end + 1, self._open)
            part.within = kind
            self.enter(part, at)
        return True

    def leave(self, end: int) -> None:
        """End a part; the line break before a boundary belongs to that."""
        if self._part is not None:
            body = self._content[self.at : end]
            if end < len(self._content):
                body = body.removesuffix(b"\n").removesuffix(b"\r")
            self._part.body = body
            self.found.append(self._part)
            self._part = None


def _boundary(part: ReceivedPart) -> bytes:
    if not part.content_type.startswith("multipart/"):
        return b""
    boundary = parameters(part.header("content-type")).get("boundary", "").rstrip()
    return boundary.encode() if len(boundary) <= LONGEST_BOUNDARY else b""


def _head(content: bytes, at: int, boundaries: Container[bytes]) -> tuple[ReceivedPart, int]:
    """The headers from there on, up to an empty line or a boundary; and where the body begins."""
    fields: list[list[bytes]] = []
    for line, start, end in _lines(content, at):
        if not line:
            return ReceivedPart(_headers(fields)), end
        if line[:1] in b" \t" and fields:
            fields[-1].append(line)
        elif FIELD.match(line) and not _is_boundary(line, boundaries):
            fields.append([line])
        elif start > at or not line.startswith(b"From "):
            # No header: here the body begins, without an empty line.
            return ReceivedPart(_headers(fields)), start
    return ReceivedPart(_headers(fields)), len(content)


def _lines(content: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    while at < len(content):
        end = content.find(b"\n", at) + 1 or len(content)
        yield content[at:end].rstrip(b"\r\n"), at, end
        at = end


def _is_boundary(line: bytes, boundaries: Container[bytes]) -> bool:
    text = line[2:].rstrip(b" \t")
    return line.startswith(b"--") and (text in boundaries or text.removesuffix(b"--") in boundaries)


def _headers(fields: list[list[bytes]]) -> list[tuple[str, str]]:
    found = (FIELD.match(b"".join(lines)) for lines in fields[:MOST_HEADERS])
    return [(each[1].decode("ascii"), text(each[2], "").strip()) for each in found if each]
