"""The library's client: closed at once, and named without asking the network."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

__all__ = ["Client", "own_name"]


class Client(aiosmtplib.SMTP):
    """An SMTP client whose `close` does not wait, and whose errors do not quote our password.

    The library lets its transport write what is left and, under TLS, wait for the peer's
    close_notify: a silent server would keep the socket open for another half minute.

    mask
        Takes the password out of a text.
    """

    def __init__(self, *, mask: Callable[[str], str] = str, **options: Any) -> None:
        super().__init__(**options)
        self._mask = mask

    async def connect(self, **options: Any) -> SMTPResponse:
        """Connect, and read the greeting."""
        with self._masked():
            return await super().connect(**options)

    async def starttls(self, *arguments: Any, **options: Any) -> SMTPResponse:
        """Ask for TLS, and begin with it."""
        with self._masked():
            return await super().starttls(*arguments, **options)

    async def execute_command(self, *arguments: bytes, **options: Any) -> SMTPResponse:
        """Send a command; of its reply an error is masked, which is for people and not for us."""
        with self._masked():
            reply = await super().execute_command(*arguments, **options)
        return reply if reply.code < 400 else SMTPResponse(reply.code, self._mask(reply.message))

    @contextmanager
    def _masked(self) -> Iterator[None]:
        try:
            yield
        except aiosmtplib.SMTPException as error:
            # In place, since it is also somebody's cause.
            error.args = tuple(
                self._mask(each) if isinstance(each, str) else each for each in error.args
            )
            if isinstance(error, aiosmtplib.SMTPResponseException):
                error.message = self._mask(error.message)
            raise

    def close(self) -> None:
        """Cut the connection; what was still to be written is not."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()


def own_name() -> str:
    """Our name in EHLO, without asking the network."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "[127.0.0.1]"
