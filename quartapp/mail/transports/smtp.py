"""One connection to an SMTP server: opened, made private, logged in, used for letters."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from typing import TYPE_CHECKING, TypeVar, cast

import aiosmtplib

from quartapp.mail.transports import Answer, Outcome, Result
from quartapp.mail.transports.attempt import Attempt
from quartapp.mail.transports.client import Client
from quartapp.mail.transports.lockstep import LockStep
from quartapp.mail.transports.login import log_in
from quartapp.mail.transports.pipeline import Pipeline
from quartapp.mail.transports.tls import start_tls
from quartapp.mail.transports.trouble import explain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import BeforeDot, Envelope
    from quartapp.mail.transports.talk import Talk

__all__ = ["Connection", "own_name"]

logger = logging.getLogger(__name__)

QUIT_TIMEOUT = 5.0

T = TypeVar("T")


class Connection:
    """A connection on which one letter is told at a time, and one more may await its answer.

    On any doubt about what the server thinks, it is closed and never used again. `is_kept` says
    whether it has waited for a letter, so that the server may have hung up meanwhile;
    `ignores_early_letters` that the server answered a letter, but never the one that began
    behind it.
    """

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None) -> None:
        self.letters = 0
        self.is_kept = False
        self.ignores_early_letters = False
        self.opened_at = 0.0
        self.idle_since = 0.0
        self._settings = settings
        self._needs_reset = False
        self._is_spoiled = False
        self._awaiting: set[Attempt] = set()
        self._talk: Talk | None = None
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
        return self._talk is not None and self._talk.is_open and not self._is_spoiled

    @property
    def overlaps(self) -> bool:
        """Whether the next letter may begin while the answer to the last one is still to come."""
        return self._talk is not None and self._talk.overlaps

    async def open(self) -> None:
        """Connect, greet, start TLS, log in. Raises `ServerTrouble`, and leaves nothing behind."""
        try:
            await self._in_time(self._client.connect())
            if self._settings.use_tls:
                await self._in_time(start_tls(self._client, self._settings))
            if self._client.is_ehlo_or_helo_needed:
                await self._in_time(self._client.ehlo())
            await self._in_time(log_in(self._client, self._settings))
            self._talk = self._agreed_talk()
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            raise explain(error, self._settings) from error
        except BaseException:
            self.abort()
            raise
        self.opened_at = self.idle_since = time.monotonic()

    async def send(
        self,
        envelope: Envelope,
        content: bytes,
        before_dot: BeforeDot | None = None,
        on_dot: Callable[[], None] | None = None,
    ) -> Outcome:
        """Carry one letter: MAIL, RCPT for each recipient, DATA, body, dot.

        on_dot
            Called when the dot was said; where `overlaps`, another letter may be sent from then on.

        Raises `ServerTrouble` when the server is at fault, `StaleConnection` when a kept
        connection was dead before DATA, and whatever `before_dot` raises.
        """
        refusal = self._refusal(envelope, content)
        if refusal:
            return Outcome(dict.fromkeys(envelope.recipients, refusal), reached=False)
        if self._talk is None:
            raise RuntimeError("the connection is not open")
        needs_reset, self._needs_reset = self._needs_reset, False
        is_early = bool(self._awaiting)
        attempt = Attempt(
            self._talk,
            envelope,
            was_kept=self.is_kept,
            on_dot=lambda: self._said_dot(attempt, on_dot),
        )
        self.letters += 1
        self.is_kept = True
        try:
            parameters = self._mail_parameters(envelope, content)
            return await attempt.run(parameters, content, before_dot, needs_reset=needs_reset)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._is_spoiled = True
            has_waited = isinstance(error, TimeoutError) and not self._awaiting
            self.ignores_early_letters = is_early and has_waited
            return attempt.lost(error)
        except BaseException:
            self._is_spoiled = True
            raise
        finally:
            self._end(attempt)

    def abort(self) -> None:
        """Cut the connection; what was still to be written is not."""
        self._is_spoiled = True
        if self._talk is not None:
            self._talk.abort()
        self._client.close()

    async def quit(self) -> None:
        """Take leave, briefly. Never raises: whatever happens here changes no outcome."""
        try:
            async with asyncio.timeout(min(QUIT_TIMEOUT, self._settings.timeout)):
                if self._talk is not None:
                    await self._talk.ask(["QUIT"]).next()
        except (aiosmtplib.SMTPException, OSError):
            logger.debug("the server did not answer QUIT")
        finally:
            self.abort()

    def _agreed_talk(self) -> Talk:
        """Many commands at once where the server takes them, one by one where it does not."""
        transport = self._client.transport
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        if self._client.supports_extension("pipelining"):
            return Pipeline(cast("asyncio.Transport", transport), self._settings)
        return LockStep(self._client, self._settings)

    def _said_dot(self, attempt: Attempt, then: Callable[[], None] | None) -> None:
        self._awaiting.add(attempt)
        if then is not None and self.overlaps:
            then()

    def _end(self, attempt: Attempt) -> None:
        self.idle_since = time.monotonic()
        self._awaiting.discard(attempt)
        self._needs_reset = self._needs_reset or attempt.is_half_done
        # A letter before this one may still await its answer; then its end is the connection's.
        if self._is_spoiled and (attempt.is_past_dot or not self._awaiting):
            self.abort()

    def _needs_utf8(self, envelope: Envelope, content: bytes) -> bool:
        """Whether any address, in the envelope or in a header, asks for SMTPUTF8 (RFC 6531)."""
        addresses = (envelope.sender, *envelope.recipients)
        return not (content.isascii() and all(address.isascii() for address in addresses))

    def _mail_parameters(self, envelope: Envelope, content: bytes) -> Iterable[str]:
        """What MAIL says beyond the sender, as far as the server knows it."""
        if self._client.supports_extension("size"):
            yield f"SIZE={len(content)}"
        if self._needs_utf8(envelope, content):
            yield "SMTPUTF8"
        yield from envelope.mail_options

    async def _in_time(self, act: Awaitable[T]) -> T:
        """Do one thing within the command timeout.

        The library's own timeout is off: on Python 3.11 it may swallow a cancellation.
        """
        async with asyncio.timeout(self._settings.timeout):
            return await act

    def _refusal(self, envelope: Envelope, content: bytes) -> Answer | None:
        """Why this server will not take this letter, where its greeting has said so already."""
        limit = self._client.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(content):
            reply = f"the letter has {len(content)} bytes, the server takes {limit}"
            return Answer(Result.PERMANENT, None, reply)
        needs_utf8 = self._needs_utf8(envelope, content)
        if needs_utf8 and not self._client.supports_extension("smtputf8"):
            return Answer(Result.PERMANENT, None, "the server does not take addresses in UTF-8")
        return None


def own_name() -> str:
    """What we call ourselves in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
