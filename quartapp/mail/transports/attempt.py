"""One letter on one connection: how far it has come, and what that means if it gets no further."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result, ServerTrouble
from quartapp.mail.transports.words import plain

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
        self._was_kept = connection.is_kept
        self._phase = Phase.MAIL
        self._answers: dict[str, Answer] = {}

    async def run(self, content: bytes, before_dot: BeforeDot | None) -> Outcome:
        """Go through the phases; stop where nobody is left to send to."""
        parameters = self._connection.mail_parameters(self._envelope, content)
        if await self._mail(parameters) and await self._rcpt() and await self._data():
            await self._body(content, before_dot)
        else:
            self._connection.leave_half_done()
        return Outcome(self._answers)

    def lost(self, error: Exception) -> Outcome:
        """What it means that the connection was lost here."""
        if self._was_kept and self._phase < Phase.DATA:
            raise StaleConnection(str(error)) from error
        why = plain(str(error)) or "no answer in time"
        reply = f"connection lost {_WHERE[self._phase]}: {why}"
        result = Result.UNCERTAIN if self._phase is Phase.DOT else Result.TRANSIENT
        self._answer_the_rest(Answer(result, None, reply))
        return Outcome(self._answers)

    async def _mail(self, parameters: Iterable[str]) -> bool:
        await self._connection.reset()
        reply = await self._connection.command(f"MAIL FROM:<{self._envelope.sender}>", *parameters)
        if reply.code == 421 and self._was_kept:
            raise StaleConnection(reply.message)
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
        reply = await self._connection.command("DATA", yes=3)
        if reply.code == 421:
            raise self._turned_away(reply)
        if reply.code >= 400:
            self._answer_the_rest(_answer(reply))
        return reply.code < 400

    async def _body(self, content: bytes, before_dot: BeforeDot | None) -> None:
        self._phase = Phase.BODY
        async with self._connection.listening() as reply:
            await self._connection.write_body(content, until=reply)
            if before_dot is not None and not reply.done():
                await before_dot()
            if not reply.done():
                self._phase = Phase.DOT
                self._connection.write_dot()
            self._conclude(await self._connection.heard(reply))

    def _conclude(self, reply: SMTPResponse) -> None:
        if reply.code == 421:
            raise self._turned_away(reply)
        if self._phase is Phase.BODY:
            # Interrupted: the server still waits for the rest of the letter.
            self._connection.abort()
            if reply.code < 400:
                raise aiosmtplib.SMTPServerDisconnected("it took half a letter for a whole one")
        self._answer_the_rest(_answer(reply))

    def _turned_away(self, reply: SMTPResponse) -> ServerTrouble:
        self._connection.abort()
        words = f"the server turned the letter away {_WHERE[self._phase]}"
        return ServerTrouble(
            f"{words}: {reply.code} {plain(reply.message)}",
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


def dot_stuffed(content: bytes, chunk: int = CHUNK) -> Iterator[bytes]:
    """The body in pieces that end with a line, leading dots doubled (RFC 5321 section 4.5.2)."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + chunk) + 1 or len(content)
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
    return Answer(result, reply.code, plain(reply.message))
