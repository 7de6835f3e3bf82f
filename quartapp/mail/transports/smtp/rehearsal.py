"""Rehearsal: a message's envelope without the message, and what the server's replies mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import ServerOutage

if TYPE_CHECKING:
    from quartapp.mail.server_settings import ServerSettings

__all__ = ["Rehearsal", "Route", "UnknownMailbox"]

ABOUT_MAILBOX = re.compile(r"[45]\.(?:1\.(?:1|2|3|6|10)|2\.[0-9]+) ")
"""Enhanced status codes about the mailbox named, not about who sends to it (RFC 3463)."""

ABOUT_SENDER = re.compile(r"^[45]\.1\.[78] |\bsender\b", re.IGNORECASE)
"""What servers say that judge the sender only when a recipient is named, as Postfix does."""


@dataclass(frozen=True, slots=True)
class Route:
    """From whom to whom a message would go.

    sender
        The envelope's; `<>` for the null sender.
    setting
        The setting that names the sender.
    is_asked_for
        Whether somebody named the recipient, so that its own mailbox is in question too.
    """

    sender: str
    setting: str
    recipient: str
    is_asked_for: bool


class UnknownMailbox(Exception):
    """The server knows no mailbox of a recipient whom nobody asked about."""


class Rehearsal:
    """MAIL, RCPT and RSET for one route: nothing is sent.

    Both steps return what to say, and raise `ServerOutage` with the cure where the server says no.
    """

    def __init__(self, client: aiosmtplib.SMTP, settings: ServerSettings, route: Route) -> None:
        self._client = client
        self._settings = settings
        self._route = route
        self._where = f"{settings.server}:{settings.port}"

    async def mail(self) -> str:
        """Name the sender."""
        route = self._route
        needs_utf8 = not f"{route.sender}{route.recipient}".isascii()
        if needs_utf8 and not self._client.supports_extension("smtputf8"):
            raise ServerOutage(
                f"{self._where} does not accept addresses in UTF-8, as in {route.sender} or "
                f"{route.recipient}: use addresses in ASCII"
            )
        options, encoding = (["SMTPUTF8"], "utf-8") if needs_utf8 else ([], "ascii")
        try:
            await self._client.mail(
                route.sender.removeprefix("<>"), options=options, encoding=encoding
            )
        except aiosmtplib.SMTPResponseException as error:
            raise self._no(error, *self._sender) from error
        return f"{route.sender} is accepted"

    async def rcpt(self) -> str:
        """Name the recipient; many servers judge the sender only then.

        Raises `UnknownMailbox` where only the recipient's mailbox is missing, and nobody asked.
        """
        route = self._route
        encoding = "ascii" if route.recipient.isascii() else "utf-8"
        try:
            await self._client.rcpt(route.recipient, encoding=encoding)
        except aiosmtplib.SMTPResponseException as error:
            words = plain(error.message)
            if ABOUT_SENDER.search(words):
                raise self._no(error, *self._sender) from error
            if not ABOUT_MAILBOX.match(words):
                cure = "check whether it relays messages for this sender and host" + self._login
                raise self._no(error, f"the recipient {route.recipient}", cure) from error
            if route.is_asked_for:
                cure = "check the address"
                raise self._no(error, f"the recipient {route.recipient}", cure) from error
            raise UnknownMailbox(
                f"{self._where} knows no mailbox {route.recipient} ({error.code} {words}), which "
                "is only the sender's: name a recipient with --to"
            ) from error
        return f"{route.recipient} is accepted"

    async def reset(self) -> str:
        """End it without a message; nothing depends on the reply."""
        try:
            await self._client.rset()
        except aiosmtplib.SMTPException:
            self._client.close()
        return ""

    @property
    def _sender(self) -> tuple[str, str]:
        """How the sender is called, and what to do where it is rejected."""
        who = "the login" if self._settings.username else "this host"
        cure = f"set {self._route.setting} to an address that {who} may send from"
        return f"the sender {self._route.sender}", cure + self._login

    @property
    def _login(self) -> str:
        if self._settings.username:
            return ""
        return ", or set MAIL_USERNAME and MAIL_PASSWORD if it requires a login"

    def _no(
        self, error: aiosmtplib.SMTPResponseException, whom: str, cure: str
    ) -> ServerOutage | aiosmtplib.SMTPResponseException:
        """What a reply means that is no yes; as it is where it is none at all."""
        code, reply = error.code, plain(f"{error.code} {error.message}")
        is_private = self._client.get_transport_info("sslcontext") is not None
        if code in (530, 538) and "TLS" in reply.upper() and not is_private:
            sentence = f"requires TLS first ({reply}); set MAIL_USE_TLS"
        elif code == 530:
            sentence = f"requires a login ({reply}); set MAIL_USERNAME and MAIL_PASSWORD"
        elif 400 <= code < 500:
            sentence = (
                f"defers {whom} for now ({reply}); messages would wait and be attempted again: "
                f"check again in some minutes, and if it stays so, {cure}"
            )
        elif 500 <= code < 600:
            sentence = f"rejected {whom} ({reply}); {cure}"
        else:
            return error
        return ServerOutage(f"{self._where} {sentence}", code=code)
