"""Probe: connects to a mail server in single steps, each of which says what it found."""

from __future__ import annotations

import asyncio
import socket
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import aiosmtplib

from quartapp.mail.transports.smtp.certificate import describe
from quartapp.mail.transports.smtp.client import Client, own_name
from quartapp.mail.transports.smtp.login import log_in
from quartapp.mail.transports.smtp.tls import start_tls

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from quartapp.mail.settings import MailSettings

    Act = Callable[[], Awaitable[str]]

__all__ = ["Probe", "Step"]

QUIT_TIMEOUT = 5.0


class Step(StrEnum):
    """The steps, in order."""

    SETTINGS = "settings"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    EHLO = "ehlo"
    LOGIN = "login"


class Probe:
    """One connection to one server, up to the login, as for a message.

    context
        The TLS context, None where no TLS is configured.
    now
        The time with which a certificate's dates are compared.
    """

    def __init__(
        self, settings: MailSettings, context: ssl.SSLContext | None, now: datetime
    ) -> None:
        self._settings = settings
        self._now = now
        self._addresses: list[tuple[socket.AddressFamily, Any]] = []
        self._socket: socket.socket | None = None
        self._client = Client(
            hostname=settings.server,
            timeout=settings.timeout,
            local_hostname=own_name(),
            use_tls=settings.use_ssl,
            start_tls=False,
            tls_context=context,
        )

    def steps(self) -> list[tuple[Step, Act]]:
        """The steps, in order; each returns what it found, or "" if there is nothing to say."""
        return [
            (Step.SETTINGS, self._read_settings),
            (Step.DNS, self._resolve),
            (Step.TCP, self._connect),
            *self._tls_steps(),
            (Step.EHLO, self._ehlo),
            (Step.LOGIN, self._log_in),
        ]

    async def quit(self) -> None:
        """Say QUIT, briefly. Never raises: nothing depends on it."""
        try:
            await self._client.quit(timeout=QUIT_TIMEOUT)
        except (aiosmtplib.SMTPException, OSError):
            return

    def abort(self) -> None:
        """Cut the connection."""
        self._client.close()
        if self._socket is not None:
            self._socket.close()

    def _tls_steps(self) -> list[tuple[Step, Act]]:
        if self._settings.use_ssl:
            return [(Step.TLS, self._connect_with_tls)]
        if self._settings.use_tls:
            return [(Step.EHLO, self._greeting), (Step.TLS, self._start_tls)]
        return [(Step.TLS, self._stay_in_clear), (Step.EHLO, self._greeting)]

    async def _read_settings(self) -> str:
        settings = self._settings
        how = "TLS from the start" if settings.use_ssl else "STARTTLS"
        if not (settings.use_ssl or settings.use_tls):
            how = "no TLS"
        who = f"login as {settings.username}" if settings.username else "no login"
        return f"{self._where}, {how}, {who}"

    async def _resolve(self) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(
            self._settings.server, self._settings.port, type=socket.SOCK_STREAM
        )
        self._addresses = [(family, address) for family, _, _, _, address in found]
        return ", ".join(dict.fromkeys(str(address[0]) for _, address in self._addresses))

    async def _connect(self) -> str:
        failure: OSError | None = None
        for family, address in self._addresses:
            try:
                self._socket = await _connected(family, address)
            except OSError as error:
                failure = error
            else:
                return f"connected to {address[0]}"
        raise failure or OSError("the name has no address")

    async def _stay_in_clear(self) -> str:
        return "off: the connection is not encrypted"

    async def _greeting(self) -> str:
        # From here on the client owns the socket.
        opened, self._socket = self._socket, None
        await self._client.connect(sock=opened)
        return ""

    async def _connect_with_tls(self) -> str:
        await self._greeting()
        return self._tls_description()

    async def _start_tls(self) -> str:
        await start_tls(self._client, self._settings)
        return self._tls_description()

    def _tls_description(self) -> str:
        version = self._client.get_transport_info("ssl_object").version()
        certificate = self._client.get_transport_info("peercert")
        return f"{version}, {describe(certificate or {}, self._now)}"

    async def _ehlo(self) -> str:
        if self._client.is_ehlo_or_helo_needed:
            await self._client.ehlo()
        offers = self._client.esmtp_extensions
        words = sorted(f"{name} {value}".strip().upper() for name, value in offers.items())
        return f"offers {', '.join(words) or 'nothing'}"

    async def _log_in(self) -> str:
        mechanism = await log_in(self._client, self._settings)
        return f"accepted, with {mechanism.upper()}" if mechanism else "off: no MAIL_USERNAME"

    @property
    def _where(self) -> str:
        return f"{self._settings.server}:{self._settings.port}"


async def _connected(family: socket.AddressFamily, address: Any) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return opened
