"""One connection to an SMTP server: opened, greeted, made private, logged in, and used for letters."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
import time
from enum import IntEnum
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result, ServerTrouble
from quartapp.mail.transports.trouble import explain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from aiosmtplib.response import SMTPResponse

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import BeforeDot, Envelope

__all__ = ["Connection", "StaleConnection"]

logger = logging.getLogger(__name__)

CHUNK = 64 * 1024
QUIT_TIMEOUT = 5.0
NOT_ABOUT_THE_LETTER = frozenset({421, 500, 501, 502, 503, 504, 530, 538})
"""Replies to MAIL that speak of the session (RFC 5321 section 4.2.2, RFC 4954 section 6)."""

TOO_MANY_RECIPIENTS = 552
"""To RCPT it means what 452 means (RFC 5321 section 4.5.3.1.10)."""

LOGIN_ORDER = ("plain", "login", "cram-md5")


class Phase(IntEnum):
    """How far a letter has come. What is lost before the dot was certainly not sent."""

    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4
    DOT = 5


class StaleConnection(Exception):
    """A kept connection was found dead before DATA: nothing was sent, a fresh one may try at once."""


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
            local_hostname=_own_name(),
            use_tls=settings.use_ssl,
            start_tls=settings.use_tls,
            tls_context=context,
        )

    @property
    def is_open(self) -> bool:
        """Whether it can carry a letter, as far as one can know without asking."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, greet, start TLS and log in. Raises `ServerTrouble` and leaves nothing behind."""
        try:
            await self._client.connect()
            if self._client.is_ehlo_or_helo_needed:
                await self._client.ehlo()
            await self._log_in()
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
        if transport is not None:
            transport.abort()
        self._client.close()

    async def quit(self) -> None:
        """Take leave, briefly. Never raises: whatever happens here changes no outcome."""
        try:
            await self._client.quit(timeout=QUIT_TIMEOUT)
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

    async def _log_in(self) -> None:
        """Log in with one mechanism, once: a wrong password must not lock the account."""
        username, password = self._settings.username, self._settings.password
        if username is None or password is None:
            return
        offered = self._client.server_auth_methods
        mechanism = next((name for name in LOGIN_ORDER if name in offered), None)
        where = f"{self._settings.server}:{self._settings.port}"
        if mechanism is None:
            raise ServerTrouble(
                f"{where} offers no login that we know; "
                "set MAIL_USE_TLS if it wants TLS first, or unset MAIL_USERNAME"
            )
        if self._is_overheard():
            raise ServerTrouble(f"{where} would get the password in clear; set MAIL_USE_TLS")
        login = getattr(self._client, f"auth_{mechanism.replace('-', '')}")
        await login(username, password)

    def _is_overheard(self) -> bool:
        """Whether somebody between us and the server could read along."""
        if self._client.get_transport_info("sslcontext") is not None:
            return False
        peer = self._client.get_transport_info("peername")
        return not ipaddress.ip_address(peer[0]).is_loopback

    async def _write(self, piece: bytes) -> None:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        protocol.write(piece)
        # The library writes without waiting; only this keeps a large letter out of memory.
        await protocol._drain_helper()  # noqa: SLF001

    def _trace(self, message: str, *words: object) -> None:
        if self._settings.debug:
            logger.info(message, *words)


class Attempt:
    """One letter on one connection: how far it has come and what has been said."""

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
    """The body in pieces that end with a line, each leading dot doubled (RFC 5321 section 4.5.2)."""
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


def _own_name() -> str:
    """What we call ourselves in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
