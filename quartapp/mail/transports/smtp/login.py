"""The login: one mechanism, one attempt, and never in clear over a network."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from quartapp.mail.transports import ServerOutage

if TYPE_CHECKING:
    import aiosmtplib

    from quartapp.mail.settings import MailSettings

__all__ = ["log_in"]

LOGIN_ORDER = ("plain", "login", "cram-md5")


async def log_in(client: aiosmtplib.SMTP, settings: MailSettings) -> str:
    """Log in with one mechanism, once: a wrong password must not lock the account.

    Returns the mechanism's name, "" where the settings have no login. Raises `ServerOutage`
    when the server offers no supported mechanism, and what the library raises.
    """
    username, password = settings.username, settings.password
    if username is None or password is None:
        return ""
    offered = client.server_auth_methods
    mechanism = next((name for name in LOGIN_ORDER if name in offered), None)
    where = f"{settings.server}:{settings.port}"
    if mechanism is None:
        raise ServerOutage(
            f"{where} offers no supported AUTH mechanism; "
            "set MAIL_USE_TLS if it requires TLS first, or unset MAIL_USERNAME"
        )
    if _is_in_clear(client):
        raise ServerOutage(f"{where} would receive the password in clear; set MAIL_USE_TLS")
    login = getattr(client, f"auth_{mechanism.replace('-', '')}")
    await login(username, password)
    return mechanism


def _is_in_clear(client: aiosmtplib.SMTP) -> bool:
    """Whether others on the network could read the password."""
    if client.get_transport_info("sslcontext") is not None:
        return False
    peer = client.get_transport_info("peername")
    return not ipaddress.ip_address(peer[0]).is_loopback
