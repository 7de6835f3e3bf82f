"""The library's client, made to hang up at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aiosmtplib

if TYPE_CHECKING:
    import asyncio

__all__ = ["Client"]


class Client(aiosmtplib.SMTP):
    """An SMTP client whose `close` waits for nobody.

    The library lets its transport write what is left and, under TLS, wait for a farewell: a
    server that says nothing any more would keep the socket for another half minute.
    """

    def close(self) -> None:
        """Cut the connection; what was still to be written is not."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()
