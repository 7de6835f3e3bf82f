"""One connection for letters that are sent now, with the caller waiting for the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.mail.delivery import Receipt, Recipient, Status
from quartapp.mail.errors import DeliveryError, PermanentError, TransientError, UncertainError
from quartapp.mail.staging import stage
from quartapp.mail.transports import Outcome, Result, ServerTrouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.compose import Composed
    from quartapp.mail.message import Message
    from quartapp.mail.news import News
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Answer, Session

__all__ = ["Connection"]


class Connection:
    """What `Mail.connect` gives: `await connection.send(message)`, as often as you like."""

    def __init__(
        self,
        session: Session,
        settings: MailSettings,
        news: News,
        finish: Callable[[Message], Awaitable[Composed]],
    ) -> None:
        self._session = session
        self._settings = settings
        self._news = news
        self._finish = finish

    async def send(self, message: Message) -> Receipt:
        """Send a letter now; returns what the server said to each recipient.

        Raises `TransientError`, `PermanentError` or `UncertainError` when none was accepted.
        """
        composed = await self._finish(message)
        outcome = await self._carry(composed)
        accepted = tuple(
            address
            for address, answer in outcome.answers.items()
            if answer.result is Result.ACCEPTED
        )
        if not accepted:
            raise _error(outcome)
        await self._news.dispatched(
            replace(composed.envelope, recipients=accepted), composed.content
        )
        people = tuple(_recipient(address, answer) for address, answer in outcome.answers.items())
        return Receipt(composed.message_id, people)

    async def _carry(self, composed: Composed) -> Outcome:
        staged = stage(composed.envelope.recipients, self._settings)
        if not staged.envelope_recipients:
            return Outcome(staged.held_back, reached=False)
        envelope = replace(composed.envelope, recipients=staged.envelope_recipients)
        try:
            outcome = await self._session.send(envelope, composed.content)
        except ServerTrouble as trouble:
            raise TransientError(str(trouble), code=trouble.code) from trouble
        return staged.translate(outcome)


def _recipient(address: str, answer: Answer) -> Recipient:
    return Recipient(address, _STATUS[answer.result], answer.code, answer.reply)


# Nothing is kept, so nothing is tried again: what was refused for now has failed.
_STATUS = {
    Result.ACCEPTED: Status.SENT,
    Result.TRANSIENT: Status.FAILED,
    Result.PERMANENT: Status.FAILED,
    Result.UNCERTAIN: Status.UNCERTAIN,
}


def _error(outcome: Outcome) -> DeliveryError:
    """The error that leaves most hope: uncertain before refused for now before refused for good."""
    for result, kind in _ERRORS.items():
        for address, answer in outcome.answers.items():
            if answer.result is result:
                words = f"{answer.code} {answer.reply}" if answer.code else answer.reply
                return kind(f"{address}: {words}", code=answer.code, reply=answer.reply)
    raise ValueError("an outcome without a refusal is no error")


_ERRORS: dict[Result, type[DeliveryError]] = {
    Result.UNCERTAIN: UncertainError,
    Result.TRANSIENT: TransientError,
    Result.PERMANENT: PermanentError,
}
