"""One connection for messages that are sent now, while the caller waits for the reply."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from quartapp.mail.delivery.staging import stage
from quartapp.mail.errors import DeliveryError, PermanentError, TransientError, UncertainError
from quartapp.mail.message.message import Message
from quartapp.mail.outbox.delivery import Receipt, Recipient
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.submitted import tell_submitted
from quartapp.mail.transports import Answer, Outcome, Result, ServerOutage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.message.encoding import Encoded, Envelope
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Session, Transport

    Finish = Callable[[Message, Mailbox | None], Awaitable[Encoded]]

__all__ = ["Connection", "connected"]

logger = logging.getLogger(__name__)


class Connection:
    """What `Mail.connect` gives: `await connection.send(message)`, any number of times.

    num_emails
        Messages sent since it was opened, or since MAIL_MAX_EMAILS asked for a new connection.
    """

    def __init__(
        self,
        session: Session,
        settings: MailSettings,
        publisher: Publisher,
        finish: Finish,
    ) -> None:
        self._session = session
        self._settings = settings
        self._publisher = publisher
        self._finish = finish
        self.num_emails = 0

    async def send(self, message: Message, envelope_from: Mailbox | None = None) -> Receipt:
        """Send a message now; returns the server's reply for each recipient.

        envelope_from
            Where bounces go, instead of the message's own `envelope_from`.

        Raises `TransientError`, `PermanentError` or `UncertainError` when none was accepted.
        """
        return await self.send_encoded(await self._finish(message, envelope_from), message)

    async def send_message(self, *args: Any, **fields: Any) -> Receipt:
        """Send a message now that is made of the arguments, which are those of `Message`."""
        return await self.send(Message(*args, **fields))

    async def send_encoded(self, encoded: Encoded, message: Message) -> Receipt:
        """Send what a message has become; see `send`."""
        outcome = await self._attempt(encoded)
        accepted = tuple(
            address
            for address, answer in outcome.answers.items()
            if answer.result is Result.ACCEPTED
        )
        if not accepted:
            raise _error(outcome)
        envelope = replace(encoded.envelope, recipients=accepted)
        tell_submitted(replace(encoded, envelope=envelope))
        self.num_emails = (self.num_emails + 1) % self._settings.max_emails
        await self._publisher.dispatched(message)
        recipients = tuple(
            _recipient(address, answer) for address, answer in outcome.answers.items()
        )
        return Receipt(encoded.message_id, recipients)

    async def _attempt(self, encoded: Encoded) -> Outcome:
        staged = stage(encoded.envelope.recipients, self._settings)
        if not staged.envelope_recipients:
            return Outcome(staged.held_back, reached=False)
        envelope = replace(encoded.envelope, recipients=staged.envelope_recipients)
        try:
            outcome = await self._sent_to_all(envelope, encoded.content)
        except ServerOutage as outage:
            raise TransientError(str(outage), code=outage.code) from outage
        return staged.translate(outcome)

    async def _sent_to_all(self, envelope: Envelope, content: bytes) -> Outcome:
        """In as many transactions as the server needs. Raises what only the first one raises."""
        answers: dict[str, Answer] = {}
        rest = envelope.recipients
        while True:
            try:
                outcome = await self._session.send(replace(envelope, recipients=rest), content)
            except ServerOutage as outage:
                if not answers:
                    raise
                late = Answer(Result.TRANSIENT, outage.code, str(outage))
                return replace(outcome, answers=answers | dict.fromkeys(rest, late))
            answers |= outcome.answers
            rest = tuple(address for address in rest if address not in answers)
            if not rest:
                return replace(outcome, answers=answers)


@asynccontextmanager
async def connected(
    transport: Transport,
    settings: MailSettings,
    publisher: Publisher,
    finish: Finish,
) -> AsyncIterator[Connection]:
    """One connection, of this caller alone. Raises `TransientError` when there is none."""
    session = transport.session(is_exclusive=True)
    try:
        opened = await session.__aenter__()
    except ServerOutage as outage:
        raise TransientError(str(outage), code=outage.code) from outage
    try:
        yield Connection(opened, settings, publisher, finish)
    finally:
        await _ended(session)


async def _ended(session: AbstractAsyncContextManager[Session]) -> None:
    try:
        await session.__aexit__(None, None, None)
    except Exception:
        # What was sent was sent: whoever sent it must not hear that it failed.
        logger.exception("a connection could not be ended")


def _recipient(address: str, answer: Answer) -> Recipient:
    return Recipient(address, _STATUS[answer.result], answer.code, answer.reply)


# Nothing is stored, so nothing is retried: what was deferred has failed.
_STATUS = {
    Result.ACCEPTED: Status.SENT,
    Result.TRANSIENT: Status.FAILED,
    Result.PERMANENT: Status.FAILED,
    Result.UNCERTAIN: Status.UNCERTAIN,
}


def _error(outcome: Outcome) -> DeliveryError:
    """The least final error: uncertain before deferred before failed."""
    for result, kind in _ERRORS.items():
        for address, answer in outcome.answers.items():
            if answer.result is result:
                words = f"{answer.code} {answer.reply}" if answer.code else answer.reply
                return kind(f"{address}: {words}", code=answer.code, reply=answer.reply)
    raise ValueError("every recipient was accepted")


_ERRORS: dict[Result, type[DeliveryError]] = {
    Result.UNCERTAIN: UncertainError,
    Result.TRANSIENT: TransientError,
    Result.PERMANENT: PermanentError,
}
