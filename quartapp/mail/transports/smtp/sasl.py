"""The mechanisms of AUTH: what each sends, and what it makes of challenges (RFC 4954)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiosmtplib import SMTP
    from aiosmtplib.response import SMTPResponse

    Mechanism = Callable[["Exchange", bytes, bytes], Awaitable[SMTPResponse]]

__all__ = ["MECHANISMS", "Exchange", "Unproven", "Unsuitable"]

CHALLENGE = 334

MALFORMED = 501
UNKNOWN = frozenset({500, 501, 502, 504})
"""What servers reply to an initial response of LOGIN, which has none by its definition."""

LONGEST_COMMAND = 512
"""Octets of a command line, its end included (RFC 5321 section 4.5.3.1.4)."""

MOST_ITERATIONS = 1_000_000
"""Of SCRAM: a hundred times what servers have, and less than a second of one core."""

MOST_QUESTIONS = 4
"""Challenges of LOGIN that are answered: it has two."""


class Unsuitable(Exception):
    """The server's part in a mechanism makes no sense; another mechanism may."""


class Unproven(Exception):
    """The server did not prove that it knows the password, as the mechanism requires."""


class Exchange:
    """One AUTH command and its challenges.

    is_begun
        Whether the initial response went along with the command.
    """

    def __init__(self, client: SMTP, mechanism: str) -> None:
        self._client = client
        self._mechanism = mechanism.upper().encode()
        self.is_begun = False

    async def begin(self, initial: bytes | None, asks_after: frozenset[int]) -> SMTPResponse:
        """Send AUTH with an initial response, or without where it is too long or not taken.

        asks_after
            The replies after which the server is left to ask; where it does not, they stand.
        """
        if initial is None:
            return await self._send(b"AUTH", self._mechanism)
        command = (b"AUTH", self._mechanism, base64.b64encode(initial) or b"=")
        if len(b" ".join(command)) + 2 > LONGEST_COMMAND:
            return await self._send(*command[:2])
        self.is_begun = True
        reply = await self._send(*command)
        if reply.code in asks_after:
            self.is_begun = False
            asked = await self._send(*command[:2])
            reply = reply if asked.code in asks_after else asked
        return reply

    async def respond(self, response: bytes) -> SMTPResponse:
        """Answer a challenge."""
        return await self._send(base64.b64encode(response))

    async def cancel(self, why: str) -> Unsuitable:
        """End it without an answer; returns what to raise."""
        await self._send(b"*")
        return Unsuitable(why)

    async def _send(self, *command: bytes) -> SMTPResponse:
        return await self._client.execute_command(*command)


async def plain(exchange: Exchange, username: bytes, password: bytes) -> SMTPResponse:
    """PLAIN (RFC 4616): both at once."""
    response = b"\0".join((b"", username, password))
    reply = await exchange.begin(response, frozenset({MALFORMED}))
    # It asks where it was sent nothing, and some do although it was.
    return await exchange.respond(response) if reply.code == CHALLENGE else reply


async def login(exchange: Exchange, username: bytes, password: bytes) -> SMTPResponse:
    """LOGIN: the name, then the password. Who asks for the name once more never gets the other."""
    reply = await exchange.begin(username, UNKNOWN)
    is_named = exchange.is_begun
    for _ in range(MOST_QUESTIONS):
        if reply.code != CHALLENGE:
            return reply
        asks_for_name = _asks_for_name(reply.message)
        if asks_for_name or not is_named:
            is_named = True
            reply = await exchange.respond(username)
        else:
            reply = await exchange.respond(password)
    raise await exchange.cancel("the server asks again and again")


async def cram_md5(exchange: Exchange, username: bytes, password: bytes) -> SMTPResponse:
    """CRAM-MD5 (RFC 2195): the password is not sent, but a digest of it and of the challenge."""
    reply = await exchange.begin(None, frozenset())
    if reply.code != CHALLENGE:
        return reply
    challenge = _decoded(reply.message)
    if not challenge:
        raise await exchange.cancel(f"this is no challenge: {reply.message[:100]}")
    digest = hmac.new(password, challenge, "md5").hexdigest()
    return await exchange.respond(username + b" " + digest.encode())


async def scram_sha_256(exchange: Exchange, username: bytes, password: bytes) -> SMTPResponse:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password.

    Raises `Unproven` for a server that does not.
    """
    # Only here: it is slow to import, and few servers offer it.
    from scramp import ScramClient, ScramException

    try:
        scram = ScramClient(["SCRAM-SHA-256"], username.decode(), password.decode())
        first = scram.get_client_first()
    except (ScramException, UnicodeDecodeError) as error:
        raise Unsuitable(str(error)) from error
    reply = await exchange.begin(first.encode(), frozenset({MALFORMED}))
    if reply.code == CHALLENGE and not (exchange.is_begun and reply.message):
        reply = await exchange.respond(first.encode())
    if reply.code != CHALLENGE:
        return reply
    try:
        scram.set_server_first(_text(reply))
        _check_iterations(int(scram.iterations))
        # Not on the loop: the server says how long it takes.
        final = await asyncio.to_thread(scram.get_client_final)
    except ScramException as error:
        raise await exchange.cancel(str(error)) from error
    reply = await exchange.respond(final.encode())
    if reply.code >= 400:
        return reply
    try:
        if reply.code != CHALLENGE:
            raise ScramException("the server said nothing of it")
        scram.set_server_final(_text(reply))
    except ScramException as error:
        if reply.code != CHALLENGE or not _text(reply).startswith("e="):
            raise Unproven(str(error)) from error
        # It rejects the password, and says so with a code only after this.
    return await exchange.respond(b"")


MECHANISMS: dict[str, Mechanism] = {
    "scram-sha-256": scram_sha_256,
    "plain": plain,
    "login": login,
    "cram-md5": cram_md5,
}
"""By their names in the reply to EHLO, in the order in which they are tried."""


def _asks_for_name(challenge: str) -> bool:
    question = (_decoded(challenge) or challenge.encode("utf-8", "surrogateescape")).lower()
    return b"user" in question and b"pass" not in question


def _check_iterations(iterations: int) -> None:
    from scramp import ScramException

    if iterations > MOST_ITERATIONS:
        raise ScramException(f"{iterations} iterations are too many")


def _text(reply: SMTPResponse) -> str:
    return _decoded(reply.message).decode("utf-8", "replace")


def _decoded(challenge: str) -> bytes:
    """A challenge without its base64; empty for what is none."""
    try:
        return base64.b64decode(challenge.encode("utf-8", "surrogateescape"), validate=True)
    except binascii.Error:
        return b""
