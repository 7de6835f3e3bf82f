"""One message on one connection: how far it has come, and what that means if it gets no further."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import Answer, Outcome, Result, ServerOutage
from quartapp.mail.transports.smtp.heard import HeardReplies, answer_of
from quartapp.mail.transports.smtp.subjects import Subject, TransactionPhase, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.transports.contract import BeforeEndOfData
    from quartapp.mail.transports.smtp.conversation import Conversation, PendingReplies
    from quartapp.mail.transports.smtp.suspicion import Suspicion

__all__ = ["StaleConnection", "Transaction", "dot_stuffed"]

CHUNK = 64 * 1024
END = b".\r\n"


class StaleConnection(Exception):
    """A reused connection was dead before DATA: nothing was sent, and a fresh one may be used."""


class Transaction:
    """Goes through the phases, and knows at each what the server has replied so far.

    is_reused
        Whether the connection was idle before, so that the server may have closed it meanwhile.
    on_end_of_data
        Called when the end of data has been sent, and only its reply is still to come.
    suspicion
        Asked once where a reply speaks of the session: whether that is so, or it counts by phase.
    is_logged_in
        Whether this connection logged in.
    heard
        Where answers about recipients are put as soon as they are heard.
    """

    def __init__(
        self,
        conversation: Conversation,
        envelope: Envelope,
        *,
        is_reused: bool,
        on_end_of_data: Callable[[], None],
        suspicion: Suspicion,
        is_logged_in: bool,
        heard: dict[str, Answer] | None = None,
    ) -> None:
        self._conversation = conversation
        self._envelope = envelope
        self._is_reused = is_reused
        self._on_end_of_data = on_end_of_data
        self._suspicion = suspicion
        self._is_logged_in = is_logged_in
        self._content = b""
        self._phase = TransactionPhase.MAIL
        self._heard = HeardReplies(envelope.recipients, heard)
        self.is_half_done = False

    @property
    def limit(self) -> int | None:
        """How many recipients the server takes at once; None where it did not say."""
        return self._heard.limit

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
        self._content = content
        replies = self._conversation.ask(list(self._commands(parameters, needs_reset)))
        if needs_reset:
            await self._reset(replies)
        if await self._mail(replies) and await self._rcpt(replies) and await self._data(replies):
            await self._message(content, before_end_of_data)
        else:
            self.is_half_done = True
            await self._tidy(replies)
        return Outcome(self._heard.answers)

    def lost(self, error: Exception) -> Outcome:
        """What it means that the connection was lost here. Raises as `run` does."""
        self._settle_session()
        if self._is_reused and self._phase < TransactionPhase.DATA:
            if not self._heard.is_any_rejected:
                raise StaleConnection(str(error)) from error
            return Outcome(self._heard.answers)
        why = plain(str(error)) or "no answer in time"
        reply = f"connection lost {_WHERE[self._phase]}: {why}"
        result = (
            Result.UNCERTAIN if self._phase is TransactionPhase.END_OF_DATA else Result.TRANSIENT
        )
        if not (self._phase is TransactionPhase.RCPT and self._heard.answer_as_all()):
            self._heard.answer_the_rest(Answer(result, None, reply))
        return Outcome(self._heard.answers)

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
        return reply.code < 300 or self._is_rejected(reply)

    async def _rcpt(self, replies: PendingReplies) -> bool:
        self._phase = TransactionPhase.RCPT
        for address in self._envelope.recipients:
            reply = await replies.next()
            self._heard.hear(address, reply)
            if reply.code == 421:
                if self._heard.session_reply is not reply:
                    self._settle_session()
                return self._is_rejected(reply)
        self._settle_session()
        return not self._heard.is_nobody_left

    async def _data(self, replies: PendingReplies) -> bool:
        self._phase = TransactionPhase.DATA
        reply = await replies.next(yes=3)
        return reply.code < 400 or self._is_rejected(reply)

    def _is_rejected(self, reply: SMTPResponse) -> Literal[False]:
        """Take a rejection of all who are left, for whatever it speaks of. Never goes on."""
        if reply.code == 421 and self._heard.is_any_rejected:
            # So servers end a connection after too many rejections: it is no outage.
            self._conversation.abort()
            self._heard.answer_as_all()
            return False
        if subject_of(self._phase, reply.code, reply.message) is Subject.SESSION:
            self._check_session(reply)
        self._heard.answer_the_rest(answer_of(reply))
        if reply.code == 421:
            self._conversation.abort()
        return False

    def _settle_session(self) -> None:
        """Decide on what was said about the session at RCPT."""
        if self._heard.session_reply is not None:
            self._check_session(self._heard.session_reply)
            self._heard.count_about_session()

    def _check_session(self, reply: SMTPResponse) -> None:
        """Raise `ServerOutage` where a reply about the session is believed."""
        if self._suspicion.believes(self._content, is_logged_in=self._is_logged_in):
            what, words = _REJECTED[self._phase], plain(reply.message)
            raise ServerOutage(
                f"the server rejected {what}: {reply.code} {words}",
                code=reply.code,
                mid_message=reply.code == 421 or self._is_logged_in,
                answers=self._heard.answers,
            )

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
        if self._phase is TransactionPhase.BODY:
            # Interrupted: the server still waits for the rest of the message.
            self._conversation.abort()
            if reply.code < 400:
                raise aiosmtplib.SMTPServerDisconnected("it accepted half a message as a whole one")
        if reply.code < 400:
            self._heard.answer_the_rest(answer_of(reply))
        else:
            self._is_rejected(reply)

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
