"""One connection to an SMTP server: opened, made private, logged in, used for letters."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result
from quartapp.mail.transports.attempt import Attempt, dot_stuffed
from quartapp.mail.transports.login import log_in
from quartapp.mail.transports.trouble import explain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import BeforeDot, Envelope

__all__ = ["Connection", "own_name"]

logger = logging.getLogger(__name__)

QUIT_TIMEOUT = 5.0


class Connection:
    """An exclusive connection. Whoever holds it sends one letter at a time.

    On any doubt about what the server thinks, it is closed and never used again.
    """

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None) -> None:
        self.letters = 0
        self.opened_at = 0.0
        self.idle_since = 0.0
        self._settings = settings
        self._needs_reset = False
        self._client = aiosmtplib.SMTP(
            hostname=settings.server,
            port=settings.port,
            timeout=settings.timeout,
            local_hostname=own_name(),
            use_tls=settings.use_ssl,
            start_tls=settings.use_tls,
            tls_context=context,
        )

    @property
    def is_open(self) -> bool:
        """Whether it can carry a letter, as far as one can know without asking."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, greet, start TLS, log in. Raises `ServerTrouble`, and leaves nothing behind."""
        try:
            await self._client.connect()
            if self._client.is_ehlo_or_helo_needed:
                await self._client.ehlo()
            await log_in(self._client, self._settings)
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
            self.idle_since = time.monotonic()

    async def command(self, *words: str) -> SMTPResponse:
        """Say one command and return the reply; a reply that is none is a lost connection."""
        line = " ".join(words)
        reply = await self._client.execute_command(line.encode())
        self._trace("> %s", line)
        self._trace("< %s %s", reply.code, reply.message)
        if not 200 <= reply.code <= 599:
            raise aiosmtplib.SMTPServerDisconnected(f"nonsense from the server: {reply.message}")
        return reply

    async def reset(self) -> None:
        """Forget the transaction before, if it was left half done."""
        if self._needs_reset:
            self._needs_reset = False
            await self.command("RSET")

    def leave_half_done(self) -> None:
        """Remember that the next letter must begin with a reset."""
        self._needs_reset = True

    async def write_body(self, content: bytes) -> None:
        """Send the body without its dot; each piece has the command timeout to move on."""
        for piece in dot_stuffed(content):
            async with asyncio.timeout(self._settings.timeout):
                await self._write(piece)

    async def write_dot(self) -> SMTPResponse:
        """Send the final dot and wait for what the server makes of the letter."""
        protocol = self._client.protocol
        if protocol is None or not self.is_open:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        protocol.write(b".\r\n")
        # Nothing may be awaited in between: a reply that nobody waits for is thrown away.
        reply = await protocol.read_response(timeout=self._settings.data_timeout)
        self._trace("< %s %s", reply.code, reply.message)
        if not 200 <= reply.code <= 599:
            raise aiosmtplib.SMTPServerDisconnected(f"nonsense from the server: {reply.message}")
        return reply

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        transport = self._client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._client.close()

    async def quit(self) -> None:
        """Take leave, briefly. Never raises: whatever happens here changes no outcome."""
        try:
            await self._client.quit(timeout=min(QUIT_TIMEOUT, self._settings.timeout))
        except (aiosmtplib.SMTPException, OSError):
            logger.debug("the server did not answer QUIT")
        finally:
            self.abort()

    def needs_utf8(self, envelope: Envelope) -> bool:
        """Whether any address of the envelope asks for SMTPUTF8 (RFC 6531)."""
        return not all(a.isascii() for a in (envelope.sender, *envelope.recipients))

    def mail_parameters(self, envelope: Envelope, size: int) -> Iterable[str]:
        """What MAIL says beyond the sender, as far as the server knows it."""
        if self._client.supports_extension("size"):
            yield f"SIZE={size}"
        if self.needs_utf8(envelope):
            yield "SMTPUTF8"
        yield from envelope.mail_options

    def _refusal(self, envelope: Envelope, content: bytes) -> Answer | None:
        """Why this server will not take this letter, where its greeting has said so already."""
        limit = self._client.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(content):
            reply = f"the letter has {len(content)} bytes, the server takes {limit}"
            return Answer(Result.PERMANENT, None, reply)
        if self.needs_utf8(envelope) and not self._client.supports_extension("smtputf8"):
            return Answer(Result.PERMANENT, None, "the server does not take addresses in UTF-8")
        return None

    async def _write(self, piece: bytes) -> None:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        protocol.write(piece)
        # The library writes without waiting; only this keeps a large letter out of memory.
        await protocol._drain_helper()

    def _trace(self, message: str, *words: object) -> None:
        if self._settings.debug:
            logger.info(message, *words)


def own_name() -> str:
    """What we call ourselves in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
