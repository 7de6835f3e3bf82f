"""TLS to PostgreSQL: what libpq's sslmode and its files mean to asyncpg."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SSLMODES", "tls_arguments"]

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

SYSTEM = "system"
VERIFIED = "verify-full"


def tls_arguments(given: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of `asyncpg.connect` for libpq's `ssl…` parameters. Raises `ValueError`.

    asyncpg reads them itself where they come in an address, with libpq's defaults in the home
    folder and the environment; only `sslrootcert=system` it takes for the name of a file.
    """
    if given.get("sslnegotiation") == "direct" and _mode(given) in SSLMODES[:3]:
        raise ValueError("has sslnegotiation=direct with a weaker sslmode: use sslmode=require")
    lowest = given.get("ssl_min_protocol_version", "")
    if lowest > given.get("ssl_max_protocol_version", lowest):
        raise ValueError("has an ssl_min_protocol_version above the maximum: leave one of them out")
    context = _checked(given)
    if given.get("sslrootcert") != SYSTEM:
        return {"dsn": f"postgresql://?{urlencode(given)}"} if given else {}
    # As libpq has it: who trusts every authority of the system must ask for the host's name.
    if given.get("sslmode", VERIFIED) != VERIFIED:
        raise ValueError("has sslrootcert=system with a weaker sslmode: use sslmode=verify-full")
    context.load_default_certs()
    context.minimum_version = _version(given.get("ssl_min_protocol_version", "TLSv1.2"))
    if highest := given.get("ssl_max_protocol_version"):
        context.maximum_version = _version(highest)
    context.set_alpn_protocols(["postgresql"])
    return {"ssl": context, "direct_tls": given.get("sslnegotiation") == "direct"}


def _mode(given: Mapping[str, str]) -> str:
    """How strict it is, as asyncpg finds it where the address does not say."""
    usual = VERIFIED if given.get("sslrootcert") == SYSTEM else os.environ.get("PGSSLMODE")
    return given.get("sslmode") or usual or "prefer"


def _checked(given: Mapping[str, str]) -> ssl.SSLContext:
    """A context with the files that are named; at the start, and not at the first connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("sslrootcert", "sslcrl"):
        path = given.get(name)
        if path and path != SYSTEM:
            try:
                context.load_verify_locations(cafile=path)
            except ssl.SSLError:
                raise ValueError(f"names a file in {name} that is not PEM: check it") from None
            except OSError as error:
                raise ValueError(_unread(name, error)) from None
            if name == "sslcrl":
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    _load_own(context, given)
    return context


def _load_own(context: ssl.SSLContext, given: Mapping[str, str]) -> None:
    """Load the client's certificate and key, where they are named."""
    certificate, password = given.get("sslcert"), given.get("sslpassword", "")
    if not certificate:
        return
    try:
        context.load_cert_chain(certificate, given.get("sslkey"), lambda: password)
    except ssl.SSLError:
        raise ValueError(
            "has an sslcert that is not PEM, does not belong to sslkey, or whose key sslpassword "
            "does not open: check the three"
        ) from None
    except OSError as error:
        raise ValueError(_unread("sslcert or sslkey", error)) from None


def _unread(name: str, error: OSError) -> str:
    return f"names a file in {name} that cannot be read ({error.strerror}): check its path"


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]
