"""What an address says of a client: which network it is of, and whether it is this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = ["client_network", "is_this_machine"]

NETWORK = 64
"""The bits of an IPv6 address that one customer has in common (RFC 6177)."""


def client_network(address: str) -> str:
    """What stands for one client where clients are counted: an IPv4 address, or the network of an
    IPv6 one, which has more addresses than anybody can count. Other text stands for itself.
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed.packed, NETWORK), strict=False))
    return str(parsed) if parsed else address


def is_this_machine(address: str) -> bool:
    """Whether it is a loopback address."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address; an IPv4 one that is written as an IPv6 one is an IPv4 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
