"""The addresses of a server's name, one after the other until one lets us in."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import aiosmtplib
from aiohappyeyeballs import start_connection

from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.outage import is_about_login

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohappyeyeballs import AddrInfoType

    from quartapp.mail.server_settings import ServerSettings

    Resolve = Callable[[str, int], Awaitable[list[AddrInfoType]]]
    Talk = Callable[[socket.socket, float], Awaitable[None]]

__all__ = ["ServerAddresses", "connected", "resolve"]

APART = 0.25
"""Seconds after which the next address is tried beside a silent one (RFC 8305 section 8)."""

SHARE = 10.0
"""Seconds that each reply may take at least, however many addresses share MAIL_TIMEOUT."""

REMEMBERED = 600.0
"""Seconds for which an address that failed comes last."""


async def resolve(server: str, port: int) -> list[AddrInfoType]:
    """The addresses of a server, in the system's order."""
    loop = asyncio.get_running_loop()
    return [*await loop.getaddrinfo(server, port, type=socket.SOCK_STREAM)]


async def connected(addresses: list[AddrInfoType]) -> tuple[socket.socket, AddrInfoType]:
    """A connection to the first of these addresses that answers; it is removed from the list."""
    made: dict[socket.socket, AddrInfoType] = {}

    def make(address: AddrInfoType) -> socket.socket:
        opened = socket.socket(*address[:3])
        made[opened] = address
        return opened

    opened = await start_connection(addresses, happy_eyeballs_delay=APART, socket_factory=make)
    addresses.remove(made[opened])
    return opened, made[opened]


class ServerAddresses:
    """Knows which addresses of the server failed, and asks those last.

    resolve
        Gives the addresses of a name, as `getaddrinfo` does.
    """

    def __init__(self, settings: ServerSettings, *, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._resolve = resolve
        self._failed: dict[AddrInfoType, float] = {}

    async def open(self, talk: Talk) -> AddrInfoType:
        """Connect, and talk; where that fails before the login, with the next address.

        talk
            Gets the socket, and how many seconds each reply may take.

        Returns the address. Raises what `talk` raised, or what the system did.
        """
        addresses = await self._addresses()
        failures: list[Exception] = []
        while addresses:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    opened, address = await connected(addresses)
            except OSError as error:
                failures.append(error)
                break
            try:
                await talk(opened, self._share(len(addresses) + 1))
            except (aiosmtplib.SMTPException, OSError, ServerOutage) as error:
                failures.append(error)
                self.blame(address)
                if is_about_login(error):
                    raise
            else:
                self._failed.pop(address, None)
                return address
        raise _told(failures)

    def blame(self, address: AddrInfoType) -> None:
        """Ask this address last of all for a while: it failed, and another one may not."""
        self._failed[address] = time.monotonic()

    async def _addresses(self) -> list[AddrInfoType]:
        async with asyncio.timeout(self._settings.timeout):
            found = await self._resolve(self._settings.server, self._settings.port)
        old = time.monotonic() - REMEMBERED
        self._failed = {each: at for each, at in self._failed.items() if at > old}
        return sorted(dict.fromkeys(found), key=lambda each: self._failed.get(each, 0.0))

    def _share(self, count: int) -> float:
        whole = self._settings.timeout
        return max(whole / count, min(whole, SHARE))


def _told(failures: list[Exception]) -> Exception:
    """The failure that says most: a server's reply, else the first one."""
    if not failures:
        return OSError("the name has no address")
    replies = (each for each in failures if isinstance(each, aiosmtplib.SMTPResponseException))
    return next(replies, failures[0])
