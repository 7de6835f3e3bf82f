"""A server's certificate in words: which names it has, and how long it is valid."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quartapp.mail.settings import MailSettings

__all__ = ["describe", "lenient_context"]

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which Python has no name."""

SOON = 14
"""Days before its end when a certificate should be renewed."""

SHOWN = 5
"""How many of its names are shown."""


def describe(certificate: dict[str, Any], now: datetime) -> str:
    """Its names, and how long it is valid.

    certificate
        What `getpeercert` gives: empty for one that was not verified.
    """
    if not certificate:
        return "its certificate was not verified"
    names = [name for _, name in certificate.get("subjectAltName", ())]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"certificate for {', '.join(names[:SHOWN])}{more}, {_validity(certificate, now)}"


def lenient_context(settings: MailSettings) -> ssl.SSLContext:
    """A context that accepts an expired certificate, and one for another name, to describe it."""
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.check_hostname = False
    context.verify_flags |= NO_CHECK_TIME
    return context


def _validity(certificate: dict[str, Any], now: datetime) -> str:
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    if end < now:
        return f"expired on {end:%Y-%m-%d}"
    days = (end - now).days
    return f"valid until {end:%Y-%m-%d} ({days} days{': renew it soon' if days < SOON else ''})"
