"""One message on one connection: how far it has come, and what that means if it gets no further."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import Answer, Outcome, Result, ServerOutage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports.contract import BeforeEndOfData
    from quartapp.mail.transports.smtp.conversation import Conversation, PendingReplies

__all__ = ["StaleConnection", "Transaction", "dot_stuffed"]

CHUNK = 64 * 1024
NOT_ABOUT_THE_MESSAGE = frozenset({421, 500, 501, 502, 503, 504, 530, 538})
"""Replies to MAIL that are about the session (RFC 5321 section 4.2.2, RFC 4954 section 6)."""

TOO_MANY_RECIPIENTS = 552
"""As a reply to RCPT it means what 452 means (RFC 5321 section 4.5.3.1.10)."""

END = b".\r\n"


class TransactionPhase(IntEnum):
    """How far a message has come. What is lost before the end of data was certainly not sent."""

    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4
    END_OF_DATA = 5


class StaleConnection(Exception):
    """A reused connection was dead before DATA: nothing was sent, and a fresh one may be used."""


class Transaction:
    """Goes through the phases, and knows at each what the server has replied so far.

    is_reused
        Whether the connection was idle before, so that the server may have closed it meanwhile.
    on_end_of_data
        Called when the end of data has been sent, and only its reply is still to come.
    """

    def __init__(
        self,
        conversation: Conversation,
        envelope: Envelope,
        *,
        is_reused: bool,
        on_end_of_data: Callable[[], None],
    ) -> None:
        self._conversation = conversation
        self._envelope = envelope
        self._is_reused = is_reused
        self._on_end_of_data = on_end_of_data
        self._phase = TransactionPhase.MAIL
        self._answers: dict[str, Answer] = {}
        self.is_half_done = False

    @property
    def is_past_end_of_data(self) -> bool:
        """Whether the end of data has been sent."""
        return self._phase is TransactionPhase.END_OF_DATA

    async def run(
        self,
        parameters: Iterable[str],
        content: bytes,
        before_end_of_data: BeforeEndOfData | None,
        *,
        needs_reset: bool,
    ) -> Outcome:
        """Go through the phases; stop where no recipient is left.

        needs_reset
            Whether the transaction before was left half done.
        """
        replies = self._conversation.ask(list(self._commands(parameters, needs_reset)))
        if needs_reset:
            await self._reset(replies)
        if await self._mail(replies) and await self._rcpt(replies) and await self._data(replies):
            await self._message(content, before_end_of_data)
        else:
            self.is_half_done = True
            await self._tidy(replies)
        return Outcome(self._answers)

    def lost(self, error: Exception) -> Outcome:
        """What it means that the connection was lost here."""
        if self._is_reused and self._phase < TransactionPhase.DATA:
            raise StaleConnection(str(error)) from error
        why = plain(str(error)) or "no answer in time"
        reply = f"connection lost {_WHERE[self._phase]}: {why}"
        result = (
            Result.UNCERTAIN if self._phase is TransactionPhase.END_OF_DATA else Result.TRANSIENT
        )
        self._answer_the_rest(Answer(result, None, reply))
        return Outcome(self._answers)

    def _commands(self, parameters: Iterable[str], needs_reset: bool) -> Iterator[str]:
        if needs_reset:
            yield "RSET"
        yield " ".join([f"MAIL FROM:<{self._envelope.sender}>", *parameters])
        for address in self._envelope.recipients:
            yield " ".join([f"RCPT TO:<{address}>", *self._envelope.rcpt_options])
        yield "DATA"

    async def _reset(self, replies: PendingReplies) -> None:
        reply = await replies.next()
        if reply.code >= 400:
            raise aiosmtplib.SMTPServerDisconnected(f"RSET was rejected: {reply.message}")

    async def _mail(self, replies: PendingReplies) -> bool:
        reply = await replies.next()
        if reply.code == 421 and self._is_reused:
            raise StaleConnection(reply.message)
        if reply.code in NOT_ABOUT_THE_MESSAGE:
            raise self._outage(reply)
        if reply.code >= 300:
            self._answer_the_rest(_answer(reply))
        return reply.code < 300

    async def _rcpt(self, replies: PendingReplies) -> bool:
        self._phase = TransactionPhase.RCPT
        for address in self._envelope.recipients:
            reply = await replies.next()
            if reply.code == 421:
                raise self._outage(reply)
            if reply.code >= 300:
                self._answers[address] = _answer(reply, temporary={TOO_MANY_RECIPIENTS})
        return len(self._answers) < len(self._envelope.recipients)

    async def _data(self, replies: PendingReplies) -> bool:
        self._phase = TransactionPhase.DATA
        reply = await replies.next(yes=3)
        if reply.code == 421:
            raise self._outage(reply)
        if reply.code >= 400:
            self._answer_the_rest(_answer(reply))
        return reply.code < 400

    async def _message(self, content: bytes, before_end_of_data: BeforeEndOfData | None) -> None:
        self._phase = TransactionPhase.BODY
        # Expected from now on: a server may interrupt the message.
        reply = self._conversation.expect()
        rest = await self._body(content, reply)
        if before_end_of_data is not None and not reply.done():
            await before_end_of_data()
        if not reply.done():
            self._phase = TransactionPhase.END_OF_DATA
            await self._conversation.write(rest + END)
            self._on_end_of_data()
        self._conclude(await self._conversation.reply_to_data(reply))

    async def _body(self, content: bytes, reply: asyncio.Future[SMTPResponse]) -> bytes:
        """Send all but the last piece, which goes with the end of data; an early reply ends it."""
        rest = b""
        for piece in dot_stuffed(content):
            if rest and not await self._moved_on(rest, reply):
                break
            rest = piece
        return rest

    async def _moved_on(self, piece: bytes, reply: asyncio.Future[SMTPResponse]) -> bool:
        """Send a piece; false where the server has replied instead of reading on."""
        try:
            await self._conversation.write(piece)
            # A server that is fast enough to take every piece at once would leave others no turn.
            await asyncio.sleep(0)
        except (aiosmtplib.SMTPException, OSError):
            # The server may have replied before it closed the connection.
            if not reply.done() or reply.exception():
                raise
        return not reply.done()

    def _conclude(self, reply: SMTPResponse) -> None:
        if reply.code == 421:
            raise self._outage(reply)
        if self._phase is TransactionPhase.BODY:
            # Interrupted: the server still waits for the rest of the message.
            self._conversation.abort()
            if reply.code < 400:
                raise aiosmtplib.SMTPServerDisconnected("it accepted half a message as a whole one")
        self._answer_the_rest(_answer(reply))

    async def _tidy(self, replies: PendingReplies) -> None:
        """End a transaction without recipients; whatever happens here changes no answer."""
        try:
            if await replies.skip():
                # DATA was accepted all the same: end it with a lone "." (RFC 2920 section 3.1).
                reply = self._conversation.expect()
                await self._conversation.write(END)
                await self._conversation.reply_to_data(reply)
        except (aiosmtplib.SMTPException, OSError):
            self._conversation.abort()

    def _outage(self, reply: SMTPResponse) -> ServerOutage:
        return ServerOutage(
            f"the server rejected {_REJECTED[self._phase]}: {reply.code} {plain(reply.message)}",
            code=reply.code,
            mid_message=reply.code == 421,
        )

    def _answer_the_rest(self, answer: Answer) -> None:
        for address in self._envelope.recipients:
            self._answers.setdefault(address, answer)


_REJECTED = {
    TransactionPhase.MAIL: "MAIL FROM",
    TransactionPhase.RCPT: "RCPT TO",
    TransactionPhase.DATA: "DATA",
    TransactionPhase.BODY: "the message in its body",
    TransactionPhase.END_OF_DATA: "the message after the end of data",
}

_WHERE = {
    TransactionPhase.MAIL: "at MAIL",
    TransactionPhase.RCPT: "at RCPT",
    TransactionPhase.DATA: "at DATA",
    TransactionPhase.BODY: "in the body",
    TransactionPhase.END_OF_DATA: "after the end of data",
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
