"""The library's client: closed at once, and named without asking the network."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, cast

import aiosmtplib

if TYPE_CHECKING:
    import asyncio

__all__ = ["Client", "own_name"]


class Client(aiosmtplib.SMTP):
    """An SMTP client whose `close` does not wait.

    The library lets its transport write what is left and, under TLS, wait for the peer's
    close_notify: a silent server would keep the socket open for another half minute.
    """

    def close(self) -> None:
        """Cut the connection; what was still to be written is not."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()


def own_name() -> str:
    """Our name in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
