"""One letter on one connection: how far it has come, and what that means if it gets no further."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from quartapp.mail.transports import Answer, Outcome, Result, ServerTrouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.transports import BeforeDot, Envelope
    from quartapp.mail.transports.smtp import Connection

__all__ = ["Attempt", "StaleConnection", "dot_stuffed"]

CHUNK = 64 * 1024
NOT_ABOUT_THE_LETTER = frozenset({421, 500, 501, 502, 503, 504, 530, 538})
"""Replies to MAIL that speak of the session (RFC 5321 section 4.2.2, RFC 4954 section 6)."""

TOO_MANY_RECIPIENTS = 552
"""To RCPT it means what 452 means (RFC 5321 section 4.5.3.1.10)."""


class Phase(IntEnum):
    """How far a letter has come. What is lost before the dot was certainly not sent."""

    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4
    DOT = 5


class StaleConnection(Exception):
    """A kept connection was found dead before DATA: nothing was sent, a fresh one may try."""


class Attempt:
    """Drives the phases, and knows at each what has been answered so far."""

    def __init__(self, connection: Connection, envelope: Envelope) -> None:
        self._connection = connection
        self._envelope = envelope
        self._was_kept = connection.letters > 0
        self._phase = Phase.MAIL
        self._answers: dict[str, Answer] = {}

    async def run(self, content: bytes, before_dot: BeforeDot | None) -> Outcome:
        """Go through the phases; stop where nobody is left to send to."""
        if await self._mail(len(content)) and await self._rcpt() and await self._data():
            await self._body(content, before_dot)
        else:
            self._connection.leave_half_done()
        return Outcome(self._answers)

    def lost(self, error: Exception) -> Outcome:
        """What it means that the connection was lost here."""
        if self._was_kept and self._phase < Phase.DATA:
            raise StaleConnection(str(error)) from error
        reply = f"connection lost {_WHERE[self._phase]}: {error or type(error).__name__}"
        result = Result.UNCERTAIN if self._phase is Phase.DOT else Result.TRANSIENT
        self._answer_the_rest(Answer(result, None, reply))
        return Outcome(self._answers)

    async def _mail(self, size: int) -> bool:
        await self._connection.reset()
        parameters = self._connection.mail_parameters(self._envelope, size)
        reply = await self._connection.command(f"MAIL FROM:<{self._envelope.sender}>", *parameters)
        if reply.code in NOT_ABOUT_THE_LETTER:
            raise self._turned_away(reply)
        if reply.code >= 300:
            self._answer_the_rest(_answer(reply))
        return reply.code < 300

    async def _rcpt(self) -> bool:
        self._phase = Phase.RCPT
        for address in self._envelope.recipients:
            words = (f"RCPT TO:<{address}>", *self._envelope.rcpt_options)
            reply = await self._connection.command(*words)
            if reply.code == 421:
                raise self._turned_away(reply)
            if reply.code >= 300:
                self._answers[address] = _answer(reply, temporary={TOO_MANY_RECIPIENTS})
        return len(self._answers) < len(self._envelope.recipients)

    async def _data(self) -> bool:
        self._phase = Phase.DATA
        reply = await self._connection.command("DATA")
        if reply.code == 421:
            raise self._turned_away(reply)
        if reply.code != 354:
            self._answer_the_rest(_answer(reply))
        return reply.code == 354

    async def _body(self, content: bytes, before_dot: BeforeDot | None) -> None:
        self._phase = Phase.BODY
        await self._connection.write_body(content)
        if before_dot is not None:
            await before_dot()
        self._phase = Phase.DOT
        reply = await self._connection.write_dot()
        if reply.code == 421:
            raise self._turned_away(reply)
        self._answer_the_rest(_answer(reply))

    def _turned_away(self, reply: SMTPResponse) -> ServerTrouble:
        self._connection.abort()
        words = f"the server turned the letter away {_WHERE[self._phase]}"
        return ServerTrouble(
            f"{words}: {reply.code} {_words(reply)}",
            code=reply.code,
            turned_away=reply.code == 421,
        )

    def _answer_the_rest(self, answer: Answer) -> None:
        for address in self._envelope.recipients:
            self._answers.setdefault(address, answer)


_WHERE = {
    Phase.MAIL: "at MAIL",
    Phase.RCPT: "at RCPT",
    Phase.DATA: "at DATA",
    Phase.BODY: "in the body",
    Phase.DOT: "after the final dot",
}


def dot_stuffed(content: bytes) -> Iterator[bytes]:
    """The body in pieces that end with a line, leading dots doubled (RFC 5321 section 4.5.2)."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + CHUNK) + 1 or len(content)
        piece = content[start:end].replace(b"\n.", b"\n..")
        yield b"." + piece if piece.startswith(b".") else piece
        start = end
    if not content.endswith(b"\r\n"):
        yield b"\r\n"


def _answer(reply: SMTPResponse, temporary: Iterable[int] = ()) -> Answer:
    if reply.code < 400:
        result = Result.ACCEPTED
    elif reply.code < 500 or reply.code in temporary:
        result = Result.TRANSIENT
    else:
        result = Result.PERMANENT
    return Answer(result, reply.code, _words(reply))


def _words(reply: SMTPResponse) -> str:
    """What the server said, fit for a row, a page and a terminal."""
    text = " ".join(reply.message.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
