"""A test server, and a client that goes through every phase of a conversation with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

from quartapp.mail.testing import SMTPServer

MESSAGE = b"Message-ID: <1@example.com>\r\nSubject: Tea\r\n\r\nDear Bob,\r\n.tea is at four\r\n"

if TYPE_CHECKING:
    import ssl

Converse = Callable[[SMTPServer], Awaitable[str]]
Talk = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def server() -> AsyncIterator[SMTPServer]:
    """A server that takes everything from anybody."""
    async with SMTPServer() as server:
        yield server


@pytest.fixture
async def strict(server_context: ssl.SSLContext) -> AsyncIterator[SMTPServer]:
    """A server that asks for STARTTLS and login."""
    async with SMTPServer(starttls=server_context, users={"ada": "secret"}) as server:
        yield server


@pytest.fixture
def converse(client_context: ssl.SSLContext) -> Converse:
    """One message from connect to QUIT through every phase; what came of it in a word."""

    async def converse(server: SMTPServer) -> str:
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username="ada",
            password="secret",
            start_tls=True,
            tls_context=client_context,
            local_hostname="laptop.example.com",
        )
        try:
            await client.connect()
            await client.sendmail("ada@example.com", ["bob@example.com"], MESSAGE)
            await client.rset()
            await client.quit()
        except aiosmtplib.SMTPException as error:
            return seen(error)
        finally:
            client.close()
        return "done"

    return converse


@pytest.fixture
def talk() -> Talk:
    """Lines said all at once, and then no more; every line that the server says to them."""

    async def talk(server: SMTPServer, *lines: str | bytes) -> list[str]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        try:
            for line in lines:
                writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
            writer.write_eof()
            return (await reader.read()).decode(errors="surrogateescape").splitlines()
        finally:
            writer.close()
            await writer.wait_closed()

    return talk


def seen(error: aiosmtplib.SMTPException) -> str:
    """A client's error as a word: the reply's code, "garbage" or "gone"."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return str(error.recipients[0].code)
        case aiosmtplib.SMTPResponseException(code=-1):
            return "garbage"
        case aiosmtplib.SMTPResponseException():
            return str(error.code)
    return "gone"
