"""The server's part of AUTH: who logs in, and whether the password is right."""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import TYPE_CHECKING

from quartapp.mail.smtpd.commands import Refusal, demand, plain, unbase64

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Ask = Callable[[str], Awaitable[str]]

__all__ = ["authenticate"]

USERNAME, PASSWORD = "VXNlcm5hbWU6", "UGFzc3dvcmQ6"  # the questions


async def authenticate(
    mechanism: str, initial: str, users: Mapping[str, str], ask: Ask
) -> tuple[str, bool]:
    """The name that was given, and whether the password is its own.

    initial
        The initial response, "" where there was none.
    ask
        Sends a challenge, and returns the response.

    Raises `Refusal` for what is no response.
    """
    match mechanism:
        case "PLAIN":
            username, password = plain(initial or await ask(""))
        case "LOGIN":
            username = unbase64(initial or await ask(USERNAME))
            password = unbase64(await ask(PASSWORD))
        case "CRAM-MD5":
            return await _cram_md5(users, ask)
        case "SCRAM-SHA-256":
            return await _scram(initial or await ask(""), users, ask)
        case _:
            raise Refusal("504 5.5.4 Unknown mechanism")
    return username, users.get(username) == password


async def _cram_md5(users: Mapping[str, str], ask: Ask) -> tuple[str, bool]:
    challenge = f"<{secrets.token_hex(8)}@mail.example.com>"
    username, _, digest = unbase64(await ask(_base64(challenge))).rpartition(" ")
    expected = hmac.new(users.get(username, "").encode(), challenge.encode(), "md5").hexdigest()
    return username, username in users and hmac.compare_digest(digest.encode(), expected.encode())


async def _scram(initial: str, users: Mapping[str, str], ask: Ask) -> tuple[str, bool]:
    # Only here: it is slow to import.
    from scramp import ScramException, ScramMechanism

    mechanism, names = ScramMechanism("SCRAM-SHA-256"), []

    def stored(username: str) -> tuple[bytes, bytes, bytes, int]:
        names.append(username)
        made: tuple[bytes, bytes, bytes, int] = mechanism.make_auth_info(
            users.get(username, secrets.token_hex())
        )
        return made

    server = mechanism.make_server(stored)
    try:
        server.set_client_first(unbase64(initial))
        final = unbase64(await ask(_base64(server.get_server_first())))
    except ScramException as error:
        raise Refusal(f"501 5.5.2 {error}") from error
    try:
        server.set_client_final(final)
    except ScramException:
        return names[0], False
    demand(await ask(_base64(server.get_server_final())) == "", "501 5.5.2 Nothing was asked")
    return names[0], True


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
