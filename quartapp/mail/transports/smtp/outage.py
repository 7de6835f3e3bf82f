"""Why a server could not be used, in one sentence that ends with the cure."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.lines import plain
from quartapp.mail.transports import LoginRejected, ServerOutage
from quartapp.mail.transports.smtp.login import NO_TLS, NOT_OF_THE_PASSWORD

if TYPE_CHECKING:
    from quartapp.mail.settings import MailSettings

__all__ = ["explain", "is_about_login"]

# OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH.
CURES = {
    9: "is not valid yet; check this machine's clock",
    10: "has expired; have it renewed on the server",
    62: "is for another name; set MAIL_SERVER to one of its names",
    64: "is for another address; set MAIL_SERVER to one of its names",
}
"""Errors of a certificate that another MAIL_CA_FILE does not cure, and what does."""


def explain(error: Exception, settings: MailSettings) -> ServerOutage:
    """Turn what the library or the system raised while connecting into a `ServerOutage`."""
    where = f"{settings.server}:{settings.port}"
    if isinstance(error, ServerOutage):
        return error
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
    code = code if code and 200 <= code <= 599 else None
    for cause in _causes(error):
        sentence = _sentence(cause, settings)
        if sentence:
            kind = LoginRejected if is_about_login(cause) else ServerOutage
            return kind(plain(f"{where} {sentence}"), code=code)
    why = str(error) or type(error).__name__
    return ServerOutage(plain(f"{where} cannot be used: {why}"), code=code)


def is_about_login(error: BaseException) -> bool:
    """Whether a user name or password was rejected: elsewhere it would be rejected once more."""
    return (
        isinstance(error, aiosmtplib.SMTPAuthenticationError)
        and error.code >= 500
        and error.code not in NOT_OF_THE_PASSWORD
    )


def _sentence(error: BaseException, settings: MailSettings) -> str | None:
    match error:
        case ssl.SSLCertVerificationError(verify_code=code) if code in CURES:
            return f"has a certificate that {CURES[code]}"
        case ssl.SSLCertVerificationError():
            return (
                f"has a certificate that is not trusted ({error.verify_message}); "
                "set MAIL_CA_FILE to the authority that signed it"
            )
        case ssl.SSLError() if settings.use_ssl:
            return (
                f"did not start with TLS ({error.reason}); "
                "if it expects STARTTLS, set MAIL_USE_TLS instead of MAIL_USE_SSL"
            )
        case ssl.SSLError():
            return f"failed to negotiate TLS ({error.reason})"
        case socket.gaierror():
            return f"has no address ({error.strerror}); check MAIL_SERVER"
        case OSError() if _is_refused(error):
            return "refused the connection; check MAIL_SERVER and MAIL_PORT, or start the server"
        case aiosmtplib.SMTPResponseException(code=code) if not 200 <= code <= 599:
            return "does not speak SMTP; check MAIL_SERVER and MAIL_PORT"
        case aiosmtplib.SMTPAuthenticationError():
            return _about_login(error)
        case aiosmtplib.SMTPResponseException():
            return f"replied {error.code} {error.message}"
        case TimeoutError():
            return f"did not reply within {settings.timeout:g} s"
        case aiosmtplib.SMTPServerDisconnected() | ConnectionError():
            return "closed the connection"
        case _:
            return None


def _about_login(error: aiosmtplib.SMTPAuthenticationError) -> str:
    code, reply = error.code, f"({error.code} {error.message})"
    if code < 500:
        return f"does not take the login now {reply}"
    if code in NO_TLS:
        return f"requires encryption before the login {reply}; set MAIL_USE_TLS"
    if code in NOT_OF_THE_PASSWORD:
        return f"takes no login {reply}; check MAIL_SERVER and MAIL_PORT, or unset MAIL_USERNAME"
    return f"rejected the login {reply}; check MAIL_USERNAME and MAIL_PASSWORD"


def _is_refused(error: OSError) -> bool:
    # A name with several addresses raises one error that only quotes the others.
    return isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(
        error
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and its causes, the first cause first, since it is the most specific."""
    chain = [error]
    while chain[0].__cause__ is not None:
        chain.insert(0, chain[0].__cause__)
    return chain
