"""Rehearsal: a message's envelope without the message, and what the server's replies mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.subjects import (
    Subject,
    TransactionPhase,
    rule_for,
    says_no_mailbox,
    subject_of,
)

if TYPE_CHECKING:
    from quartapp.mail.server_settings import ServerSettings

__all__ = ["Rehearsal", "Route", "UnknownMailbox"]

NEEDS_TLS = ("TLS", "SSL", "ENCRYPT")
"""What a reply about the session mentions that asks for TLS."""


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
            raise self._no(TransactionPhase.MAIL, error) from error
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
            no = self._no(TransactionPhase.RCPT, error)
            is_mailbox = error.code >= 400 and _is_about_mailbox(error)
            if route.is_asked_for or not is_mailbox:
                raise no from error
            raise UnknownMailbox(
                f"{self._where} knows no mailbox {route.recipient} "
                f"({error.code} {plain(error.message)}), which is only the sender's: name a "
                "recipient with --to"
            ) from error
        return f"{route.recipient} is accepted"

    async def reset(self) -> str:
        """End it without a message; nothing depends on the reply."""
        try:
            await self._client.rset()
        except aiosmtplib.SMTPException:
            self._client.close()
        return ""

    def _no(
        self, phase: TransactionPhase, error: aiosmtplib.SMTPResponseException
    ) -> ServerOutage | aiosmtplib.SMTPResponseException:
        """What a reply means that is no yes; as it is where it is none at all."""
        code, reply = error.code, plain(f"{error.code} {error.message}")
        if not 400 <= code < 600:
            return error
        match subject_of(phase, code, error.message):
            case Subject.SESSION:
                sentence = f"rejected the session ({reply}); {self._cure_of_session(phase, error)}"
                return ServerOutage(f"{self._where} {sentence}", code=code)
            case Subject.SENDER:
                whom, cure = f"the sender {self._route.sender}", self._cure_of_sender
            case Subject.RECIPIENT if says_no_mailbox(error.message):
                whom, cure = f"the recipient {self._route.recipient}", "check the address"
            case Subject.RECIPIENT:
                whom = f"the recipient {self._route.recipient}"
                cure = "check whether it relays messages for this sender and host" + self._login
            case _:
                whom, cure = "the message before it came", "ask the server's operator"
        if code < 500:
            sentence = (
                f"defers {whom} for now ({reply}); messages would wait and be attempted again: "
                f"check again in some minutes, and if it stays so, {cure}"
            )
        else:
            sentence = f"rejected {whom} ({reply}); {cure}"
        return ServerOutage(f"{self._where} {sentence}", code=code)

    def _cure_of_session(
        self, phase: TransactionPhase, error: aiosmtplib.SMTPResponseException
    ) -> str:
        words = error.message.upper()
        # After 421 there is none.
        transport = self._client.transport
        is_private = transport is None or transport.get_extra_info("sslcontext") is not None
        if not is_private and any(word in words for word in NEEDS_TLS):
            return "set MAIL_USE_TLS"
        rule = rule_for(phase, error.code, error.message)
        return rule.cure if rule else ""

    @property
    def _cure_of_sender(self) -> str:
        who = "the login" if self._settings.username else "this host"
        cure = f"set {self._route.setting} to an address that {who} may send from"
        return cure + self._login

    @property
    def _login(self) -> str:
        if self._settings.username:
            return ""
        return ", or set MAIL_USERNAME and MAIL_PASSWORD if it requires a login"


def _is_about_mailbox(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether a reply to RCPT is about the mailbox alone, not about who sends to it."""
    subject = subject_of(TransactionPhase.RCPT, error.code, error.message)
    return subject is Subject.RECIPIENT and says_no_mailbox(error.message)
