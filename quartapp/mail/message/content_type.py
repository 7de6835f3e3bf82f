"""A content type with its parameters, as a program gives it (RFC 2045 section 5.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import checked_line, shown
from quartapp.mail.message.charsets import label
from quartapp.mail.message.folding import field, parameter, parametric

__all__ = ["ContentType"]

LONGEST = 900
"""Characters of it all: a line has at most 998 octets (RFC 5322 section 2.1.1)."""

LONGEST_VALUE = 60
"""Characters of a value that is written as it is; a longer one is written in sections."""

KIND = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]"  # noqa: S105 -- RFC 2045's word for a word
VALUE = re.compile(rf"{TOKEN}+")
PARAMETER = re.compile(rf'[ ]*+;[ ]*+({TOKEN}{{1,60}}+)=("(?:[^"\\]|\\.)*+"|{TOKEN}++)')
END = re.compile(r"[ ]*+;?[ ]*+")


@dataclass(frozen=True, slots=True)
class ContentType:
    """The type of one part that is not made of parts.

    kind
        Such as "text/plain".
    parameters
        Names and values, without the quotes.
    """

    kind: str
    parameters: tuple[tuple[str, str], ...]

    @staticmethod
    def read(place: str, given: str) -> ContentType:
        """The type in "text/plain; charset=utf-8".

        place
            The field that the error names.

        Raises `BadHeaderError` for control characters, `MessageError` for what is no type of one
        part, for parameters that are malformed or given twice, and for a boundary.
        """
        return _read(place, checked_line(place, given).strip(" "))

    @property
    def charset(self) -> str | None:
        """What its text is written in, where that is said."""
        return next((value for name, value in self.parameters if name.lower() == "charset"), None)

    def without(self, parameter: str) -> ContentType:
        """The same without this parameter."""
        others = tuple(each for each in self.parameters if each[0].lower() != parameter)
        return ContentType(self.kind, others)

    def having(self, parameter: str, value: str) -> ContentType:
        """The same with one more parameter, the last."""
        return ContentType(self.kind, (*self.parameters, (parameter, value)))

    def has(self, parameter: str) -> bool:
        """Whether it has this parameter, encoded or not."""
        return any(name.lower().partition("*")[0] == parameter for name, _ in self.parameters)

    def header(self, *more: list[str]) -> str:
        """The header as folded lines; `more` parameters come last."""
        pieces = [_pieces(name, value) for name, value in self.parameters]
        return field("Content-Type", parametric(self.kind, *pieces, *more))


@lru_cache
def _read(place: str, text: str) -> ContentType:
    found = KIND.match(text[:LONGEST])
    if not found or len(text) > LONGEST or text.lower().startswith("multipart/"):
        raise MessageError(f"{place} {shown(text)} is not a type of one file, like image/png.")
    parameters, end = _parameters(text, found.end())
    if not END.fullmatch(text, end):
        raise MessageError(
            f"{place} {shown(text)} has malformed parameters: write them like text/plain; "
            "charset=utf-8, with quotes around what is more than a word, in ASCII."
        )
    names = [name.lower() for name, _ in parameters]
    if "boundary" in names:
        raise MessageError(f"{place} {shown(text)} has a boundary, which only multipart has.")
    if len(set(names)) < len(names):
        raise MessageError(f"{place} {shown(text)} has a parameter twice: leave one.")
    return ContentType(found[0], parameters)


def _parameters(text: str, at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """The parameters from there on, and where they end."""
    parameters = []
    while text.isascii() and (found := PARAMETER.match(text, at)):
        name, value = found.groups()
        if '"' in value:
            # An encoded one (RFC 2231) has no quotes.
            if "*" in name:
                break
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if name.lower() == "charset":
            value = label(value) or value
        parameters.append((name, value))
        at = found.end()
    return tuple(parameters), at


def _pieces(name: str, value: str) -> list[str]:
    if "*" in name or (VALUE.fullmatch(value) and len(value) <= LONGEST_VALUE):
        return [f"{name}={value}"]
    return parameter(name, value)
