"""The login: one mechanism after the other, a wrong password once, and never in clear."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.sasl import MECHANISMS, Exchange, Unproven, Unsuitable

if TYPE_CHECKING:
    from quartapp.mail.server_settings import ServerSettings

__all__ = ["NOT_OF_THE_PASSWORD", "NO_TLS", "log_in"]

OF_THE_MECHANISM = frozenset({500, 501, 502, 504, 538})
"""Replies to AUTH that say nothing of the password (RFC 4954 sections 4 and 6)."""

NO_TLS = frozenset({530, 538})
"""Replies to AUTH that ask for encryption first."""

NOT_OF_THE_PASSWORD = NO_TLS | {500, 502, 503, 504}
"""Replies after which it is not known whether the password is good. Postfix and Exim say 503 where
a login is not possible at all."""

TOO_WEAK = 534
"""Says that of a mechanism; some providers say it of the account, whatever the mechanism."""


async def log_in(client: aiosmtplib.SMTP, settings: ServerSettings) -> str:
    """Log in with the first mechanism that the server takes; a password is rejected once only.

    Returns the mechanism's name, "" where the settings have no login. Raises `ServerOutage`
    where there is no supported mechanism, and `aiosmtplib.SMTPAuthenticationError` with the reply
    that decided.
    """
    username, password = settings.username, settings.password
    if username is None or password is None:
        return ""
    mechanisms = [name for name in MECHANISMS if name in client.server_auth_methods]
    _check(client, settings, mechanisms)
    pair = [each.encode("utf-8", "surrogateescape") for each in (username, password)]
    refusals: list[aiosmtplib.SMTPAuthenticationError] = []
    for name in mechanisms:
        try:
            await _attempt(client, name, *pair)
        except Unproven as error:
            raise ServerOutage(
                f"{settings.server}:{settings.port} did not prove that it knows the password "
                f"({plain(str(error))}); somebody else may have answered: check MAIL_SERVER"
            ) from error
        except aiosmtplib.SMTPAuthenticationError as refusal:
            was_too_weak = any(each.code == TOO_WEAK for each in refusals)
            refusals.append(refusal)
            is_first_534 = refusal.code == TOO_WEAK and not was_too_weak
            if not (refusal.code in OF_THE_MECHANISM or is_first_534):
                break
        else:
            return name
    raise _decisive(refusals)


def _check(client: aiosmtplib.SMTP, settings: ServerSettings, mechanisms: list[str]) -> None:
    where = f"{settings.server}:{settings.port}"
    if not mechanisms:
        raise ServerOutage(
            f"{where} offers no supported AUTH mechanism; "
            "set MAIL_USE_TLS if it requires TLS first, or unset MAIL_USERNAME"
        )
    if _is_in_clear(client) and not settings.allow_insecure_login:
        raise ServerOutage(f"{where} would receive the password in clear; set MAIL_USE_TLS")


async def _attempt(client: aiosmtplib.SMTP, name: str, username: bytes, password: bytes) -> None:
    try:
        reply = await MECHANISMS[name](Exchange(client, name), username, password)
    except Unsuitable as error:
        words = f"{name.upper()} makes no sense: {plain(str(error))}"
        raise aiosmtplib.SMTPAuthenticationError(504, words) from error
    if reply.code // 100 != 2:
        raise aiosmtplib.SMTPAuthenticationError(reply.code, reply.message)


def _decisive(
    refusals: list[aiosmtplib.SMTPAuthenticationError],
) -> aiosmtplib.SMTPAuthenticationError:
    """The first reply, where none spoke of the password; else that one, which quotes the first."""
    first, last = refusals[0], refusals[-1]
    if first is last or last.code in OF_THE_MECHANISM or last.code == TOO_WEAK:
        return first
    words = f"{last.message}, after {first.code} {first.message}"
    return aiosmtplib.SMTPAuthenticationError(last.code, words)


def _is_in_clear(client: aiosmtplib.SMTP) -> bool:
    """Whether others on the network could read the password."""
    if client.get_transport_info("sslcontext") is not None:
        return False
    peer = client.get_transport_info("peername")
    return not ipaddress.ip_address(peer[0]).is_loopback
