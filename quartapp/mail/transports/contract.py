"""What a transport is: the contract between delivery and whatever carries a message to a server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from quartapp.mail.errors import MailError
from quartapp.mail.lines import shortened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports.breaker import Breaker

    BeforeEndOfData = Callable[[], Awaitable[None]]

__all__ = [
    "Answer",
    "HearingSession",
    "LoginRejected",
    "Outcome",
    "Result",
    "ServerOutage",
    "Session",
    "Transport",
    "TransportFigures",
]


class Transport(Protocol):
    """A way to one mail server. `quartapp.mail.testing.TransportContract` tests one.

    An app that is started again uses the same transport again, after its `close`.
    """

    @property
    def breaker(self) -> Breaker:
        """Whether messages may go now, and why not, until when."""
        ...

    @property
    def figures(self) -> TransportFigures:
        """How much of it is in use now."""
        ...

    def session(self, *, is_exclusive: bool = False) -> AbstractAsyncContextManager[Session]:
        """A connection. Raises `ServerOutage` when there is none to be had.

        is_exclusive
            Whether it is for many messages of one sender. Else another sender may use it as soon
            as a message only awaits the reply to its end of data.
        """
        ...

    async def close(self) -> None:
        """Close every connection. Never raises."""
        ...


class Session(Protocol):
    """One connection, used by one sender at a time."""

    async def send(
        self, envelope: Envelope, content: bytes, before_end_of_data: BeforeEndOfData | None = None
    ) -> Outcome:
        """Send one message.

        content
            The message with CRLF line ends, not yet dot-stuffed.
        before_end_of_data
            Awaited when only the end of data is missing; what it raises stops the message.

        Raises `ServerOutage` when the server, not the message, is at fault, and it has replied
        about no recipient.
        """
        ...


@runtime_checkable
class HearingSession(Protocol):
    """A session that may also be asked after `send` was cut: a stop, a lost lease, an error.

    A session need not be one; then recipients are asked again about whom it had heard.
    """

    @property
    def heard(self) -> Mapping[str, Answer]:
        """What the server has replied about recipients of the last message, however it ended."""
        ...


class Result(StrEnum):
    """What became of one recipient in one attempt."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's reply about one recipient: its code, None if it gave none, and its text.

    A reply of 32 KiB about each of ten thousand recipients is cut: nobody reads it.
    """

    LONGEST: ClassVar[int] = 1_000

    result: Result
    code: int | None
    reply: str

    def __post_init__(self) -> None:
        if len(self.reply) > self.LONGEST:
            object.__setattr__(self, "reply", shortened(self.reply, self.LONGEST))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    answers
        One for each recipient of the envelope; one that has none is to be asked in another
        transaction, at once.
    reached
        Whether the attempt reached the message, and so counts: false where it was refused here,
        before a server saw it.
    note
        A remark about a message that was accepted for every recipient.
    """

    answers: Mapping[str, Answer]
    reached: bool = True
    note: str = ""


class ServerOutage(MailError):
    """The server cannot be used now: nothing was sent, and no message is to blame.

    code
        Its reply code, None where it gave none.
    mid_message
        Whether this very message may be to blame: the server closed the connection (421) in the
        middle of it, or a connection that had logged in was told to log in.
    pause
        Seconds for which it is not to be asked again, where that is known.
    answers
        What it had replied about recipients before; a `Session` gives them as an `Outcome`.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        mid_message: bool = False,
        pause: float = 0.0,
        answers: Mapping[str, Answer] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.mid_message = mid_message
        self.pause = pause
        self.answers = answers or {}


class LoginRejected(ServerOutage):
    """The server rejected the user name or the password."""


@dataclass(frozen=True, slots=True)
class TransportFigures:
    """Connections that are busy and idle, messages that wait for one, and the most there may be."""

    busy: int
    idle: int
    waiting: int
    limit: int
