"""The TLS context: built once, since that takes longer than many letters."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.settings import MailSettings

__all__ = ["tls_context"]


def tls_context(settings: MailSettings) -> ssl.SSLContext | None:
    """What connections to the server are made private with; None where no TLS is wanted.

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
