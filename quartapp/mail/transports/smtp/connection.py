"""One connection to an SMTP server: opened, encrypted, logged in, used for messages."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result
from quartapp.mail.transports.smtp.client import Client
from quartapp.mail.transports.smtp.conversation import Conversation
from quartapp.mail.transports.smtp.login import log_in
from quartapp.mail.transports.smtp.outage import explain
from quartapp.mail.transports.smtp.recipient_limit import announced_limit
from quartapp.mail.transports.smtp.tls import start_tls
from quartapp.mail.transports.smtp.transaction import Transaction

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable

    from aiohappyeyeballs import AddrInfoType

    from quartapp.mail.message.encoding import Envelope
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.contract import BeforeEndOfData
    from quartapp.mail.transports.smtp.recipient_limit import RecipientLimit
    from quartapp.mail.transports.smtp.server_addresses import ServerAddresses
    from quartapp.mail.transports.smtp.suspicion import Suspicion

__all__ = ["SMTPConnection"]

logger = logging.getLogger(__name__)

QUIT_TIMEOUT = 5.0

NO_UTF8 = Answer(Result.PERMANENT, None, "the server does not accept addresses in UTF-8")


class SMTPConnection:
    """A connection on which one message is written at a time, and one more may await its reply.

    On any doubt about the state of the server, it is closed and never used again. `is_reused` says
    whether it was idle before, so that the server may have closed it meanwhile;
    `ignores_early_messages` that the server replied to a message, but never to the one that began
    before that reply.

    addresses
        The way to the server; it learns which of its addresses fail.
    suspicion, limit
        What was learnt of the server; what this connection learns is added.
    """

    def __init__(
        self,
        settings: MailSettings,
        context: ssl.SSLContext | None,
        addresses: ServerAddresses,
        suspicion: Suspicion,
        limit: RecipientLimit,
    ) -> None:
        self.is_reused = False
        self.ignores_early_messages = False
        self.opened_at = 0.0
        self.idle_since = 0.0
        self._settings = settings
        self._suspicion = suspicion
        self._limit = limit
        self._messages, self._most = 0, settings.max_emails
        self._is_logged_in = False
        self._needs_reset = False
        self._is_broken = False
        self._awaiting: set[Transaction] = set()
        self._conversation: Conversation | None = None
        self._client = Client(settings, context)
        self._server_addresses = addresses
        self._address: AddrInfoType | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can carry a message, as far as one can know without asking."""
        return self._conversation is not None and self._conversation.is_open and not self._is_broken

    @property
    def is_used_up(self) -> bool:
        """Whether it has carried as many messages as one connection may."""
        return self._messages >= self._most

    @property
    def overlaps(self) -> bool:
        """Whether the next message may begin while the reply to the last one is still to come."""
        return self._conversation is not None and self._conversation.is_pipelined

    async def open(self) -> None:
        """Connect, start TLS, log in. Raises `ServerOutage`, and then leaves nothing open."""
        try:
            self._address = await self._server_addresses.open(self._begin)
            self._conversation = self._agreed_conversation()
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            raise explain(error, self._settings) from error
        except BaseException:
            self.abort()
            raise
        limits = self._client.esmtp_extensions.get("limits", "")
        self._limit.announced = announced_limit("RCPTMAX", limits)
        most = self._settings.max_emails
        self._most = min(most, announced_limit("MAILMAX", limits) or most)
        self.opened_at = self.idle_since = time.monotonic()

    async def _begin(self, opened: socket.socket, timeout: float) -> None:
        """Go as far as the login at one address; each reply within the timeout.

        The library's own timeout is off: on Python 3.11 it may swallow a cancellation.
        """
        client, settings = self._client, self._settings
        try:
            async with asyncio.timeout(timeout):
                await client.begin(opened)
            if settings.use_tls:
                async with asyncio.timeout(timeout):
                    await start_tls(client, settings)
            async with asyncio.timeout(timeout):
                await client.greet()
            async with asyncio.timeout(timeout):
                self._is_logged_in = bool(await log_in(client, settings))
        except BaseException:
            # It may be begun again, at the next address.
            client.close()
            raise

    def blame_address(self) -> None:
        """Ask another address of the server first from now on, where there is one."""
        if self._address is not None:
            self._server_addresses.blame(self._address)

    async def send(
        self,
        envelope: Envelope,
        content: bytes,
        before_end_of_data: BeforeEndOfData | None = None,
        on_end_of_data: Callable[[], None] | None = None,
        heard: dict[str, Answer] | None = None,
    ) -> Outcome:
        """Send one message: MAIL, RCPT for each recipient, DATA, body, end of data.

        on_end_of_data
            Called when the end of data was sent; where `overlaps`, another message may be sent
            from then on.
        heard
            Where answers about recipients are put as soon as they are heard.

        Raises `ServerOutage` when the server is at fault, `StaleConnection` when a reused
        connection was dead before DATA, and whatever `before_end_of_data` raises.
        """
        refused = self._refused(envelope, content)
        if not refused:
            return await self._sent(envelope, content, before_end_of_data, on_end_of_data, heard)
        rest = tuple(address for address in envelope.recipients if address not in refused)
        if not rest:
            return Outcome(refused, reached=False)
        envelope = replace(envelope, recipients=rest)
        outcome = await self._sent(envelope, content, before_end_of_data, on_end_of_data, heard)
        return replace(outcome, answers={**outcome.answers, **refused})

    async def _sent(
        self,
        envelope: Envelope,
        content: bytes,
        before_end_of_data: BeforeEndOfData | None,
        on_end_of_data: Callable[[], None] | None,
        heard: dict[str, Answer] | None,
    ) -> Outcome:
        needs_reset, self._needs_reset = self._needs_reset, False
        is_early = bool(self._awaiting)
        transaction = self._transaction(envelope, on_end_of_data, heard)
        try:
            parameters = self._mail_parameters(envelope, content)
            return await transaction.run(
                parameters, content, before_end_of_data, needs_reset=needs_reset
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            self._is_broken = True
            self.blame_address()
            has_waited = isinstance(error, TimeoutError) and not self._awaiting
            self.ignores_early_messages = is_early and has_waited
            return transaction.lost(error)
        except BaseException:
            self._is_broken = True
            raise
        finally:
            self._end(transaction)

    def _transaction(
        self,
        envelope: Envelope,
        on_end_of_data: Callable[[], None] | None,
        heard: dict[str, Answer] | None,
    ) -> Transaction:
        if self._conversation is None:
            raise RuntimeError("the connection is not open")
        transaction = Transaction(
            self._conversation,
            envelope,
            is_reused=self.is_reused,
            on_end_of_data=lambda: self._end_of_data_written(transaction, on_end_of_data),
            suspicion=self._suspicion,
            is_logged_in=self._is_logged_in,
            heard=heard,
        )
        self._messages += 1
        self.is_reused = True
        return transaction

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        self._is_broken = True
        if self._conversation is not None:
            self._conversation.abort()
        self._client.close()

    async def quit(self) -> None:
        """Say QUIT, briefly. Never raises: whatever happens here changes no outcome."""
        try:
            async with asyncio.timeout(min(QUIT_TIMEOUT, self._settings.timeout)):
                if self._conversation is not None:
                    await self._conversation.ask(["QUIT"]).next()
        except (aiosmtplib.SMTPException, OSError):
            logger.debug("the server did not answer QUIT")
        finally:
            self.abort()

    def _agreed_conversation(self) -> Conversation:
        transport = self._client.transport
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        is_pipelined = self._client.supports_extension("pipelining")
        return Conversation(
            cast("asyncio.Transport", transport), self._settings, is_pipelined=is_pipelined
        )

    def _end_of_data_written(
        self, transaction: Transaction, then: Callable[[], None] | None
    ) -> None:
        self._awaiting.add(transaction)
        if then is not None and self.overlaps:
            then()

    def _end(self, transaction: Transaction) -> None:
        self.idle_since = time.monotonic()
        self._awaiting.discard(transaction)
        if transaction.limit is not None:
            self._limit.saw(transaction.limit)
        self._needs_reset = self._needs_reset or transaction.is_half_done
        # A message before this one may still await its reply; the connection ends with that.
        if self._is_broken and (transaction.is_past_end_of_data or not self._awaiting):
            self.abort()

    def _mail_parameters(self, envelope: Envelope, content: bytes) -> Iterable[str]:
        """The parameters of MAIL that the server knows."""
        if self._client.supports_extension("size"):
            yield f"SIZE={len(content)}"
        if not (_is_ascii(envelope, content) and all(map(str.isascii, envelope.recipients))):
            yield "SMTPUTF8"
        yield from envelope.mail_options

    def _refused(self, envelope: Envelope, content: bytes) -> dict[str, Answer]:
        """Whom this server will reject this message for, where its EHLO reply says so already."""
        limit = self._client.esmtp_extensions.get("size", "")
        if re.fullmatch("[0-9]{1,19}", limit) and 0 < int(limit) < len(content):
            reply = f"the message has {len(content)} bytes, the server accepts {limit}"
            answer = Answer(Result.PERMANENT, None, reply)
            return dict.fromkeys(envelope.recipients, answer)
        if self._client.supports_extension("smtputf8"):
            return {}
        is_ascii = _is_ascii(envelope, content)
        foreign = [each for each in envelope.recipients if not (is_ascii and each.isascii())]
        return dict.fromkeys(foreign, NO_UTF8)


def _is_ascii(envelope: Envelope, content: bytes) -> bool:
    """Whether no address but a recipient's needs SMTPUTF8 (RFC 6531), here or in a header."""
    return envelope.sender.isascii() and content.isascii()
