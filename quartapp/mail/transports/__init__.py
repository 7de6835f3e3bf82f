"""What carries a message to a server: the contract that every transport keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail.message.encoding import Envelope

    BeforeEndOfData = Callable[[], Awaitable[None]]

__all__ = ["Answer", "Outcome", "Result", "ServerOutage", "Session", "Transport"]


class Result(StrEnum):
    """What became of one recipient in one attempt."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer to one recipient: its code, None if it gave none, and its words."""

    result: Result
    code: int | None
    reply: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    answers
        One for each recipient of the envelope.
    reached
        Whether the attempt reached the message, and so counts: false where it was refused here,
        before a server saw it.
    note
        What is to be said about a message that was accepted by everybody.
    """

    answers: Mapping[str, Answer]
    reached: bool = True
    note: str = ""


class ServerOutage(MailError):
    """The server's own trouble: nothing was sent, and it is no message's fault.

    code
        Its reply code, None where it gave none.
    mid_message
        Whether it came as a 421 to a message that was under way, not to the connection.
    """

    def __init__(self, message: str, *, code: int | None = None, mid_message: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.mid_message = mid_message


class Session(Protocol):
    """One connection, spoken on by one sender at a time."""

    async def send(
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Carry one message.

        content
            The message with CRLF line ends, not yet dot-stuffed.
        before_end_of_data
            Awaited when only the end of data is missing; what it raises stops the message.

        Raises `ServerOutage` when the server, not the message, is at fault.
        """
        ...


class Transport(Protocol):
    """A way to one mail server."""

    def session(self, *, is_exclusive: bool = False) -> AbstractAsyncContextManager[Session]:
        """A connection. Raises `ServerOutage` when there is none to be had.

        is_exclusive
            Whether it is for many messages of one sender. Else it is the next sender's as soon as
            a message only awaits its answer.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        ...
