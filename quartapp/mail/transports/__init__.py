"""What carries a letter to a server: the contract that every transport keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    BeforeDot = Callable[[], Awaitable[None]]

__all__ = ["Answer", "Envelope", "Outcome", "Result", "ServerTrouble", "Session", "Transport"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a letter is from and for on the wire (RFC 5321 section 2.3.1); its headers say nothing.

    mail_options, rcpt_options
        ESMTP parameters of MAIL and RCPT, such as `RET=HDRS` or `NOTIFY=FAILURE`.
    """

    sender: str
    recipients: tuple[str, ...]
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


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
        Whether the attempt reached the letter, and so counts: false where it was refused here,
        before a server saw it.
    note
        What is to be said about a letter that was accepted by everybody.
    """

    answers: Mapping[str, Answer]
    reached: bool = True
    note: str = ""


class ServerTrouble(MailError):
    """The server's own trouble: nothing was sent, and it is no letter's fault.

    code
        Its reply code, None where it gave none.
    turned_away
        Whether it came as a 421 to a letter that was under way, not to the connection.
    """

    def __init__(self, message: str, *, code: int | None = None, turned_away: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.turned_away = turned_away


class Session(Protocol):
    """One connection, spoken on by one sender at a time."""

    async def send(
        self, envelope: Envelope, content: bytes, before_dot: BeforeDot | None = None
    ) -> Outcome:
        """Carry one letter.

        content
            The letter with CRLF line ends, not yet dot-stuffed.
        before_dot
            Awaited when only the final dot is missing; what it raises stops the letter.

        Raises `ServerTrouble` when the server, not the letter, is at fault.
        """
        ...


class Transport(Protocol):
    """A way to one mail server."""

    def session(self, *, is_exclusive: bool = False) -> AbstractAsyncContextManager[Session]:
        """A connection. Raises `ServerTrouble` when there is none to be had.

        is_exclusive
            Whether it is for many letters of one sender. Else it is the next sender's as soon as
            a letter only awaits its answer.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        ...
