"""Our own name, as EHLO gives it to a server (RFC 5321 section 4.1.3)."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quartapp.mail.server_settings import ServerSettings

__all__ = ["local_name"]

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOTTED = re.compile(rf"(?:{LABEL}\.)+(?![0-9]+$){LABEL}")

NOWHERE = (".localdomain", ".localhost", ".localdomain4", ".localdomain6")
"""Where a host is that nobody gave a name."""


def local_name(settings: ServerSettings, own_end: tuple[Any, ...]) -> str:
    """MAIL_LOCAL_HOSTNAME, else this host's name where it is a dotted one, else our address.

    A name without a dot, such as the id of a container, is refused by strict servers. The network
    is not asked.

    own_end
        The address of our end of the connection.
    """
    return chosen(settings.local_hostname, socket.gethostname(), own_end)


def chosen(setting: str | None, host: str, own_end: tuple[Any, ...]) -> str:
    """The name to give, of this setting, this name of the host and this end of a connection."""
    return setting or _dotted(host) or _literal(str(own_end[0]))


def _dotted(name: str) -> str:
    name = name.removesuffix(".")
    is_usable = len(name) <= 255 and DOTTED.fullmatch(name)
    return name if is_usable and not name.lower().endswith(NOWHERE) else ""


def _literal(address: str) -> str:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return f"[{found.ipv4_mapped}]" if found.ipv4_mapped else f"[IPv6:{found}]"
    return f"[{found}]"
