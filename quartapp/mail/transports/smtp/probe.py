"""Probe: goes to a mail server in single steps, each of which says what it found."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports.smtp.certificate import describe
from quartapp.mail.transports.smtp.client import Client
from quartapp.mail.transports.smtp.login import log_in
from quartapp.mail.transports.smtp.mask import Mask
from quartapp.mail.transports.smtp.rehearsal import Rehearsal, UnknownMailbox
from quartapp.mail.transports.smtp.server_addresses import connected, resolve
from quartapp.mail.transports.smtp.tls import start_tls

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import datetime

    from aiohappyeyeballs import AddrInfoType

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.smtp.rehearsal import Route

    Act = Callable[[], Awaitable["str | Remark"]]

__all__ = ["Level", "Probe", "Remark", "Step"]

QUIT_TIMEOUT = 5.0

NUMBER = re.compile(r"[0-9]{1,18}")


class Level(StrEnum):
    """How good it is what was found: only `failed` keeps messages from leaving."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    FAILED = "failed"


class Step(StrEnum):
    """The steps, in order."""

    SETTINGS = "settings"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    EHLO = "ehlo"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Remark:
    """What was found, where it is not simply well."""

    level: Level
    words: str


class Probe:
    """One connection to one server, up to the recipients, as for a message.

    context
        The TLS context, None where no TLS is configured.
    now
        The time with which a certificate's dates are compared.
    routes
        The envelopes that are tried, without a message.
    """

    def __init__(
        self,
        settings: MailSettings,
        context: ssl.SSLContext | None,
        now: datetime,
        routes: Sequence[Route] = (),
    ) -> None:
        self._settings = settings
        self._now = now
        self._routes = routes
        self._addresses: list[AddrInfoType] = []
        self._socket: socket.socket | None = None
        self._mask = Mask(settings)
        self._client = Client(settings, context, timeout=settings.timeout)

    def steps(self) -> list[tuple[Step, Act]]:
        """The steps, in order; each returns what it found, or "" if there is nothing to say."""
        return [
            (Step.SETTINGS, self._read_settings),
            (Step.DNS, self._resolve),
            (Step.TCP, self._connect),
            *self._tls_steps(),
            (Step.EHLO, self._ehlo),
            (Step.EHLO, self._size),
            (Step.EHLO, self._utf8),
            (Step.LOGIN, self._log_in),
            *self._rehearsals(),
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
        # Whether TLS is offered is known after EHLO.
        hello = [(Step.EHLO, self._greeting), (Step.EHLO, self._hello)]
        return [*hello, (Step.TLS, self._stay_in_clear)]

    def _rehearsals(self) -> Iterator[tuple[Step, Act]]:
        if not self._routes:
            yield Step.SENDER, self._without_sender
        for route in self._routes:
            rehearsal = Rehearsal(self._client, self._settings, route)
            yield Step.SENDER, rehearsal.mail
            yield Step.RECIPIENT, partial(self._rcpt, rehearsal)
            yield Step.RECIPIENT, rehearsal.reset

    async def _read_settings(self) -> str:
        settings = self._settings
        how = "TLS from the start" if settings.use_ssl else "STARTTLS"
        if not (settings.use_ssl or settings.use_tls):
            how = "no TLS"
        who = f"login as {settings.username}" if settings.username else "no login"
        return f"{self._where}, {how}, {who}"

    async def _resolve(self) -> str:
        self._addresses = await resolve(self._settings.server, self._settings.port)
        return ", ".join(dict.fromkeys(str(address[0]) for *_, address in self._addresses))

    async def _connect(self) -> str:
        self._socket, address = await connected(self._addresses)
        return f"connected to {address[4][0]}"

    async def _stay_in_clear(self) -> str | Remark:
        words = "off: the connection is not encrypted"
        if self._client.supports_extension("starttls"):
            return Remark(Level.WARNING, f"{words}, and STARTTLS is offered: set MAIL_USE_TLS")
        return words

    async def _greeting(self) -> str:
        share = self._settings.timeout / (len(self._addresses) + 1)
        while True:
            # From here on the client owns the socket.
            opened, self._socket = self._socket, None
            if opened is None:
                raise RuntimeError("there is no connection")
            try:
                async with asyncio.timeout(share):
                    await self._client.begin(opened)
            except (aiosmtplib.SMTPException, OSError):
                if not self._addresses:
                    raise
                self._client.close()
                await self._connect()
            else:
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
        return f"{version}, {self._mask(describe(certificate or {}, self._now))}"

    async def _hello(self) -> str:
        await self._client.greet()
        return ""

    async def _ehlo(self) -> str:
        await self._hello()
        offers = self._client.esmtp_extensions
        offered = (self._mask(f"{name} {value}".strip()) for name, value in offers.items())
        words = sorted(each.upper() for each in offered)
        return f"offers {', '.join(words) or 'nothing'}"

    async def _size(self) -> str | Remark:
        limit = self._client.esmtp_extensions.get("size", "")
        most = self._settings.max_size
        if not NUMBER.fullmatch(limit) or not 0 < int(limit) < most:
            return ""
        return Remark(
            Level.WARNING,
            f"messages over {int(limit):,} bytes fail, and MAIL_MAX_SIZE is {most:,}: "
            f"set MAIL_MAX_SIZE to {int(limit)}",
        )

    async def _utf8(self) -> str | Remark:
        if self._client.supports_extension("smtputf8"):
            return ""
        return Remark(
            Level.INFO, "no SMTPUTF8: a message to an address such as jörg@example.com fails"
        )

    async def _log_in(self) -> str:
        mechanism = await log_in(self._client, self._settings)
        return f"accepted, with {mechanism.upper()}" if mechanism else "off: no MAIL_USERNAME"

    async def _without_sender(self) -> Remark:
        return Remark(
            Level.WARNING,
            "not checked, nor whether a login is required: set MAIL_DEFAULT_SENDER, "
            "or name an address with --to",
        )

    async def _rcpt(self, rehearsal: Rehearsal) -> str | Remark:
        try:
            return await rehearsal.rcpt()
        except UnknownMailbox as error:
            return Remark(Level.WARNING, str(error))

    @property
    def _where(self) -> str:
        return f"{self._settings.server}:{self._settings.port}"
