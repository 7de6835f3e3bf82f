"""TLS: the context, built once, since that takes longer than sending a message; and STARTTLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from quartapp.mail.transports import ServerOutage

if TYPE_CHECKING:
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.smtp.client import Client

__all__ = ["start_tls", "tls_context"]


def tls_context(settings: MailSettings) -> ssl.SSLContext | None:
    """The TLS context of connections to the server; None where no TLS is configured.

    Certificates are verified against the system's authorities, or `MAIL_CA_FILE`'s, unless
    `MAIL_VALIDATE_CERTS` is false.
    """
    if not (settings.use_tls or settings.use_ssl):
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def start_tls(client: Client, settings: MailSettings) -> None:
    """Upgrade the connection. Raises `ServerOutage` where STARTTLS is not offered."""
    await client.greet()
    if not client.supports_extension("starttls"):
        raise ServerOutage(
            f"{settings.server}:{settings.port} does not offer STARTTLS; "
            "check MAIL_PORT, set MAIL_USE_SSL if it expects TLS from the start"
        )
    await client.starttls()
