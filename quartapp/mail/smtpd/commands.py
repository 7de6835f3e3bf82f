"""Parsing of a client's commands: paths, parameters and credentials."""

from __future__ import annotations

import base64
from dataclasses import dataclass

__all__ = ["Path", "Refusal", "demand", "masked", "path", "plain", "unbase64"]

_BEFORE = {"MAIL": "FROM", "RCPT": "TO"}


class Refusal(Exception):
    """A command that is rejected before the script is consulted."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


def demand(condition: object, reply: str) -> None:
    """Raise a `Refusal` with this reply unless the condition holds."""
    if not condition:
        raise Refusal(reply)


@dataclass(frozen=True, slots=True)
class Path:
    """The argument of MAIL or RCPT."""

    address: str
    parameters: tuple[str, ...]

    @property
    def keywords(self) -> set[str]:
        """The parameters' names, upper-case."""
        return {parameter.partition("=")[0].upper() for parameter in self.parameters}

    @property
    def is_permitted(self) -> bool:
        """Whether the address is ASCII, or SMTPUTF8 was announced."""
        return self.address.isascii() or "SMTPUTF8" in self.keywords

    @property
    def size(self) -> int:
        """What SIZE= announces, in bytes; 0 where it is not given."""
        for parameter in self.parameters:
            keyword, _, value = parameter.partition("=")
            if keyword.upper() == "SIZE":
                is_number = value.isascii() and value.isdecimal() and len(value) < 20
                demand(is_number, "501 5.5.4 SIZE= is a number of bytes")
                return int(value)
        return 0


def path(verb: str, argument: str) -> Path:
    """The path after MAIL or RCPT. Raises `Refusal` where there is none."""
    before, colon, rest = argument.partition(":")
    bracket, _, rest = rest.lstrip().partition("<")
    address, end, parameters = rest.partition(">")
    is_path = before.upper() == _BEFORE[verb] and colon and end and not bracket
    is_apart = not parameters or parameters[0].isspace()
    if not (is_path and is_apart and (address or verb == "MAIL")):
        raise Refusal(f"501 5.5.4 {verb} is followed by a path in angle brackets")
    return Path(address, tuple(parameters.split()))


def plain(response: str) -> tuple[str, str]:
    """User and password of AUTH PLAIN (RFC 4616). Raises `Refusal` for anything else."""
    parts = unbase64(response).split("\0")
    demand(len(parts) == 3, "501 5.5.2 These are no PLAIN credentials")
    return parts[1], parts[2]


def unbase64(response: str) -> str:
    """A decoded line of credentials. Raises `Refusal` where it is not base64, or cancels."""
    demand(response != "*", "501 5.7.0 Cancelled")
    try:
        return base64.b64decode(response, validate=True).decode()
    except ValueError:
        raise Refusal("501 5.5.2 This is no base64") from None


def masked(line: str) -> str:
    """A command without the credentials in it."""
    verb, _, argument = line.partition(" ")
    mechanism, _, secret = argument.partition(" ")
    if verb.upper() == "AUTH" and secret:
        return f"{verb} {mechanism} ***"
    return line
