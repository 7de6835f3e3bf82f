"""Mask: takes our password out of what a server says back, in clear and in base64."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.server_settings import ServerSettings

__all__ = ["Mask"]

MASKED = "***"
BASE64 = frozenset(string.ascii_letters + string.digits + "+/-_=")
URL_SAFE = str.maketrans("+/", "-_")

SHORTEST = 4
"""Characters of base64 by which a password is recognized amid others; fewer are in every text."""


class Mask:
    """A function that masks a password in a text, in time linear in both.

    A server that quotes a command it did not understand, or a login that it refused, would have
    us write our password into the outbox, the log and the pages.
    """

    def __init__(self, settings: ServerSettings) -> None:
        username, password = settings.username or "", settings.password or ""
        self._clear = [password] if password else []
        self._encoded = list(_in_base64(username, password)) if password else []

    def __call__(self, text: str) -> str:
        """The text without the password."""
        for secret in self._clear:
            text = text.replace(secret, MASKED)
        for secret in self._encoded:
            if secret in text:
                text = _without_words_with(secret, text)
        return text


def _in_base64(username: str, password: str) -> Iterator[str]:
    """What is in every text of base64 that has the password in it, wherever it begins there."""
    secret = password.encode("utf-8", "surrogateescape")
    whole = b"\0".join((b"", username.encode("utf-8", "surrogateescape"), secret))
    found = [base64.b64encode(each).decode().rstrip("=") for each in (secret, whole)]
    for before in range(3):
        # Without the characters at both ends that have bits of other bytes in them.
        encoded = base64.b64encode(bytes(before) + secret).decode()
        first, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        if end - first >= SHORTEST:
            found.append(encoded[first:end])
    for each in dict.fromkeys(found):
        yield each
        if each != (other := each.translate(URL_SAFE)):
            yield other


def _without_words_with(secret: str, text: str) -> str:
    """The text without the words of base64 that have the secret in them."""
    parts, done = [], 0
    while (start := text.find(secret, done)) >= 0:
        end = start + len(secret)
        while start > done and text[start - 1] in BASE64:
            start -= 1
        while end < len(text) and text[end] in BASE64:
            end += 1
        parts += [text[done:start], MASKED]
        done = end
    return "".join([*parts, text[done:]])
