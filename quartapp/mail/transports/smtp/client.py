"""The library's client: reads replies as we do, closes at once, and does not quote our password."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from quartapp.mail.transports.smtp.local_name import local_name
from quartapp.mail.transports.smtp.mask import Mask
from quartapp.mail.transports.smtp.replies import Replies

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterator

    from quartapp.mail.server_settings import ServerSettings

__all__ = ["Client"]

GREETING = 220

NO_EHLO = frozenset({500, 502, 504})
"""Replies of a server that knows HELO only (RFC 5321 section 3.2)."""

NO_REPLY = -1
"""The library's code for what is no reply."""


class Client(aiosmtplib.SMTP):
    """An SMTP client whose `close` does not wait, and whose errors do not quote our password.

    The library lets its transport write what is left and, under TLS, wait for the peer's
    close_notify: a silent server would keep the socket open for another half minute.

    context
        The TLS context, None where no TLS is configured.
    timeout
        Seconds that each reply may take; None where the caller keeps the time.
    """

    def __init__(
        self,
        settings: ServerSettings,
        context: ssl.SSLContext | None,
        *,
        timeout: float | None = None,
    ) -> None:
        super().__init__(
            hostname=settings.server,
            timeout=timeout,
            use_tls=settings.use_ssl,
            start_tls=False,
            tls_context=context,
        )
        self._settings = settings
        self._mask = Mask(settings)

    async def begin(self, opened: socket.socket) -> None:
        """Take a connected socket over, start TLS where it comes first, and read the greeting.

        Not the library's `connect`, whose protocol reads replies in a way of its own.
        """
        self.loop = loop = asyncio.get_running_loop()
        context = self.tls_context if self.use_tls else None
        name = self.hostname if context else None
        try:
            self.transport, protocol = await loop.create_connection(
                lambda: Protocol(loop, self._on_connection_lost),
                sock=opened,
                ssl=context,
                server_hostname=name,
            )
        except BaseException:
            opened.close()
            raise
        self.protocol = protocol
        self.local_hostname = local_name(self._settings, self.get_transport_info("sockname"))
        with self._masked():
            greeting = await protocol.read_response(timeout=self.timeout)
            if greeting.code != GREETING:
                raise aiosmtplib.SMTPConnectResponseError(greeting.code, greeting.message)

    async def greet(self) -> None:
        """Say EHLO, or HELO to a server that does not know EHLO; nothing where it was said."""
        if not self.is_ehlo_or_helo_needed:
            return
        try:
            await self.ehlo()
        except aiosmtplib.SMTPHeloError as error:
            if error.code not in NO_EHLO:
                raise
            await self.helo()

    async def starttls(self, *arguments: Any, **options: Any) -> SMTPResponse:
        """Ask for TLS, and begin with it."""
        with self._masked():
            return await super().starttls(*arguments, **options)

    async def execute_command(self, *arguments: bytes, **options: Any) -> SMTPResponse:
        """Send a command; of its reply an error is masked, which is for people and not for us."""
        with self._masked():
            reply = await super().execute_command(*arguments, **options)
        return reply if reply.code < 400 else SMTPResponse(reply.code, self._mask(reply.message))

    def close(self) -> None:
        """Cut the connection; what was still to be written is not."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()

    @contextmanager
    def _masked(self) -> Iterator[None]:
        try:
            yield
        except aiosmtplib.SMTPException as error:
            # In place, since it is also somebody's cause.
            error.args = tuple(
                self._mask(each) if isinstance(each, str) else each for each in error.args
            )
            if isinstance(error, aiosmtplib.SMTPResponseException):
                error.message = self._mask(error.message)
            raise


class Protocol(SMTPProtocol):
    """The library's protocol with our reader of replies, as it is used after the login."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[SMTPProtocol], None]
    ) -> None:
        super().__init__(loop, on_lost)
        self._replies = Replies()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that nobody waits for are dropped, as the library does."""
        waiter = self._response_waiter
        if waiter is None or waiter.done() or not self._response_pending:
            return
        try:
            reply = next(self._replies.feed(data), None)
        except aiosmtplib.SMTPServerDisconnected as error:
            failure = aiosmtplib.SMTPResponseException(NO_REPLY, str(error))
            self._set_response_exception(waiter, failure)
            reply = None
        if reply is not None:
            # What came behind it is forgotten: before TLS it may be of somebody in between.
            self._replies = Replies()
            waiter.set_result(reply)
