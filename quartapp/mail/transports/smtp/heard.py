"""What a server has replied about each recipient of one transaction, kept as soon as heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.lines import plain
from quartapp.mail.transports import Answer, Result
from quartapp.mail.transports.smtp.subjects import (
    Subject,
    TransactionPhase,
    says_too_many_recipients,
    speaks_of_number,
    subject_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtplib.response import SMTPResponse

__all__ = ["HeardReplies", "answer_of"]


class HeardReplies:
    """Takes the replies to RCPT, in order, and the one about all who are left.

    A recipient without an answer at the end is to be asked in another transaction, at once.

    answers
        Where they are put, so that they are there whatever ends the transaction.
    """

    def __init__(self, addresses: Sequence[str], answers: dict[str, Answer] | None = None) -> None:
        self.answers = {} if answers is None else answers
        self.session_reply: SMTPResponse | None = None
        self._addresses = addresses
        self._accepted = 0
        self._surplus: dict[str, SMTPResponse] = {}
        self._too_early: set[str] = set()
        self._apart: set[str] = set()
        self._about_session: dict[str, SMTPResponse] = {}
        self._about_all: Answer | None = None

    @property
    def limit(self) -> int | None:
        """How many recipients the server takes at once; None where it did not say."""
        return self._accepted if self._surplus else None

    @property
    def is_any_rejected(self) -> bool:
        """Whether it rejected a recipient."""
        return bool(self.answers or self._surplus)

    @property
    def is_nobody_left(self) -> bool:
        """Whether the message has no recipient."""
        return not self._accepted

    def hear(self, address: str, reply: SMTPResponse) -> None:
        """Take the reply about a recipient."""
        if reply.code < 300:
            self._accepted += 1
            self._set_apart()
        elif self._accepted and says_too_many_recipients(reply.code, reply.message):
            # Also where it closes the connection with it (421).
            self._surplus[address] = reply
        else:
            self._reject(address, reply)

    def _reject(self, address: str, reply: SMTPResponse) -> None:
        subject = subject_of(TransactionPhase.RCPT, reply.code, reply.message)
        if subject is Subject.SESSION:
            self.session_reply = self.session_reply or reply
            if reply.code != 421:
                self._about_session[address] = reply
            return
        self.answers[address] = answer_of(reply)
        if subject is not Subject.RECIPIENT:
            self._about_all = self._about_all or self.answers[address]
        if speaks_of_number(reply.message):
            self._too_early.add(address)

    def count_about_session(self) -> None:
        """Count what was said about the session as said about the recipients."""
        for address, reply in self._about_session.items():
            self.answers[address] = answer_of(reply)
        self._about_session.clear()
        self.session_reply = None

    def answer_the_rest(self, answer: Answer) -> None:
        """Take an answer about everybody who has none and is not for another transaction."""
        for address in self._addresses:
            if address not in self._surplus and address not in self._apart:
                self.answers.setdefault(address, answer)

    def answer_as_all(self) -> bool:
        """Give everybody the answer about sender or message, where there is one; whether it is.

        It is none where the server accepted a recipient all the same.
        """
        if self._about_all is None or self._accepted:
            return False
        self.answer_the_rest(self._about_all)
        return True

    def _set_apart(self) -> None:
        """Another one is accepted: those before it were not too many, whatever the server says.

        Where it does say so they are for another transaction: so servers part the recipients of
        different domains.
        """
        for address, reply in self._surplus.items():
            if speaks_of_number(reply.message):
                self._apart.add(address)
            else:
                self.answers[address] = answer_of(reply)
        for address in self._too_early:
            del self.answers[address]
        self._apart |= self._too_early
        self._surplus.clear()
        self._too_early.clear()


def answer_of(reply: SMTPResponse) -> Answer:
    """A reply as an answer about whom it speaks of: 2xx, 4xx and 5xx."""
    if reply.code < 400:
        result = Result.ACCEPTED
    elif reply.code < 500:
        result = Result.TRANSIENT
    else:
        result = Result.PERMANENT
    return Answer(result, reply.code, plain(reply.message))
