"""One connection to an SMTP server: opened, made private, logged in, used for letters."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result
from quartapp.mail.transports.attempt import Attempt, dot_stuffed
from quartapp.mail.transports.client import Client
from quartapp.mail.transports.login import log_in
from quartapp.mail.transports.tls import start_tls
from quartapp.mail.transports.trouble import explain
from quartapp.mail.transports.words import plain

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Iterable

    from aiosmtplib.protocol import SMTPProtocol
    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import BeforeDot, Envelope

__all__ = ["Connection", "own_name"]

logger = logging.getLogger(__name__)

QUIT_TIMEOUT = 5.0

T = TypeVar("T")


class Connection:
    """An exclusive connection. Whoever holds it sends one letter at a time.

    On any doubt about what the server thinks, it is closed and never used again. `is_kept` says
    whether it has waited for a letter, so that the server may have hung up meanwhile.
    """

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None) -> None:
        self.letters = 0
        self.is_kept = False
        self.opened_at = 0.0
        self.idle_since = 0.0
        self._settings = settings
        self._needs_reset = False
        self._client = Client(
            hostname=settings.server,
            port=settings.port,
            timeout=None,
            local_hostname=own_name(),
            use_tls=settings.use_ssl,
            start_tls=False,
            tls_context=context,
        )

    @property
    def is_open(self) -> bool:
        """Whether it can carry a letter, as far as one can know without asking."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, greet, start TLS, log in. Raises `ServerTrouble`, and leaves nothing behind."""
        try:
            await self._in_time(self._client.connect())
            if self._settings.use_tls:
                await self._in_time(start_tls(self._client, self._settings))
            if self._client.is_ehlo_or_helo_needed:
                await self._in_time(self._client.ehlo())
            await self._in_time(log_in(self._client, self._settings))
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            raise explain(error, self._settings) from error
        except BaseException:
            self.abort()
            raise
        self.opened_at = self.idle_since = time.monotonic()

    async def send(
        self, envelope: Envelope, content: bytes, before_dot: BeforeDot | None = None
    ) -> Outcome:
        """Carry one letter: MAIL, RCPT for each recipient, DATA, body, dot.

        Raises `ServerTrouble` when the server is at fault, `StaleConnection` when a kept
        connection was dead before DATA, and whatever `before_dot` raises.
        """
        refusal = self._refusal(envelope, content)
        if refusal:
            return Outcome(dict.fromkeys(envelope.recipients, refusal), reached=False)
        attempt = Attempt(self, envelope)
        try:
            return await attempt.run(content, before_dot)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            return attempt.lost(error)
        except BaseException:
            self.abort()
            raise
        finally:
            self.letters += 1
            self.is_kept = True
            self.idle_since = time.monotonic()

    async def command(self, *words: str, yes: int = 2) -> SMTPResponse:
        """Say one command and return the reply; a reply that is none is a lost connection.

        yes
            The first digit of a reply that agrees.
        """
        if self._protocol._buffer:
            raise aiosmtplib.SMTPServerDisconnected("the server said more than it was asked")
        line = " ".join(words)
        self._trace("> %s", line)
        reply = await self._in_time(self._client.execute_command(line.encode()))
        return self._understood(reply, yes)

    async def reset(self) -> None:
        """Forget the transaction before, if it was left half done."""
        if self._needs_reset:
            self._needs_reset = False
            reply = await self.command("RSET")
            if reply.code >= 400:
                raise aiosmtplib.SMTPServerDisconnected(f"RSET was refused: {reply.message}")

    def leave_half_done(self) -> None:
        """Remember that the next letter must begin with a reset."""
        self._needs_reset = True

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Task[SMTPResponse]]:
        """Hear the one reply that is to come, from now on: it may interrupt the letter."""
        reply = asyncio.create_task(self._protocol.read_response(), name="mail: reply")
        # It must listen before anything is written: a reply that nobody waits for is thrown away,
        # and uvloop reads from sockets before it starts tasks.
        await asyncio.sleep(0)
        try:
            yield reply
        finally:
            reply.cancel()
            await asyncio.wait([reply])
            if not reply.cancelled():
                reply.exception()

    async def write_body(self, content: bytes, until: asyncio.Task[SMTPResponse]) -> None:
        """Send the body without its dot; each piece has the command timeout to move on.

        until
            The reply; where it comes early, the rest of the body stays here.
        """
        for piece in dot_stuffed(content):
            if until.done():
                return
            try:
                await self._in_time(self._write(piece))
            except (aiosmtplib.SMTPException, OSError):
                # The server may have said why before it hung up.
                if not until.done() or until.exception():
                    raise

    def write_dot(self) -> None:
        """Send the final dot."""
        self._protocol.write(b".\r\n")

    async def heard(self, reply: asyncio.Task[SMTPResponse]) -> SMTPResponse:
        """Wait for what the server makes of the letter."""
        async with asyncio.timeout(self._settings.data_timeout):
            return self._understood(await reply)

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        self._client.close()

    async def quit(self) -> None:
        """Take leave, briefly. Never raises: whatever happens here changes no outcome."""
        try:
            async with asyncio.timeout(min(QUIT_TIMEOUT, self._settings.timeout)):
                await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            logger.debug("the server did not answer QUIT")
        finally:
            self.abort()

    def needs_utf8(self, envelope: Envelope, content: bytes) -> bool:
        """Whether any address, in the envelope or in a header, asks for SMTPUTF8 (RFC 6531)."""
        addresses = (envelope.sender, *envelope.recipients)
        return not (content.isascii() and all(address.isascii() for address in addresses))

    def mail_parameters(self, envelope: Envelope, content: bytes) -> Iterable[str]:
        """What MAIL says beyond the sender, as far as the server knows it."""
        if self._client.supports_extension("size"):
            yield f"SIZE={len(content)}"
        if self.needs_utf8(envelope, content):
            yield "SMTPUTF8"
        yield from envelope.mail_options

    async def _in_time(self, act: Awaitable[T]) -> T:
        """Do one thing within the command timeout.

        The library's own timeout is off: on Python 3.11 it may swallow a cancellation.
        """
        async with asyncio.timeout(self._settings.timeout):
            return await act

    @property
    def _protocol(self) -> SMTPProtocol:
        protocol = self._client.protocol
        if protocol is None or not self.is_open:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        return protocol

    def _refusal(self, envelope: Envelope, content: bytes) -> Answer | None:
        """Why this server will not take this letter, where its greeting has said so already."""
        limit = self._client.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(content):
            reply = f"the letter has {len(content)} bytes, the server takes {limit}"
            return Answer(Result.PERMANENT, None, reply)
        needs_utf8 = self.needs_utf8(envelope, content)
        if needs_utf8 and not self._client.supports_extension("smtputf8"):
            return Answer(Result.PERMANENT, None, "the server does not take addresses in UTF-8")
        return None

    async def _write(self, piece: bytes) -> None:
        protocol = self._protocol
        protocol.write(piece)
        # The library writes without waiting; only this keeps a large letter out of memory.
        await protocol._drain_helper()

    def _understood(self, reply: SMTPResponse, yes: int = 2) -> SMTPResponse:
        """The reply, where it is a yes or a no; anything else is a lost connection."""
        self._trace("< %s %s", reply.code, plain(reply.message))
        if reply.code // 100 not in (yes, 4, 5):
            words = f"nonsense from the server: {reply.code} {reply.message}"
            raise aiosmtplib.SMTPServerDisconnected(words)
        return reply

    def _trace(self, message: str, *words: object) -> None:
        if self._settings.debug:
            logger.info(message, *words)


def own_name() -> str:
    """What we call ourselves in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
