"""How a message is looked at: how much of it, its width, its colours, and what locks it up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quart import request

from quartapp.mail.lines import escaped
from quartapp.mail.pages.answers import refusal

__all__ = ["SCHEMES", "WIDTHS", "Excerpt", "chosen", "framed"]

WIDTHS = ("desktop", "phone")
SCHEMES = ("own", "light", "dark")

START = re.compile(r"(\s*<!doctype[^>]*>)?(\s*<html\b[^>]*>)?(\s*<head\b[^>]*>)?", re.IGNORECASE)
NEW_TAB = '<base target="_blank">'
ASKS_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
YES, NO = "(min-width: 0)", "(max-width: 0)"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The most of a message that a page shows at once; the .eml has it all.

    lines
        Of a text, with their line ends.
    """

    LONGEST = 256 * 1024
    LINES = 5_000
    HEADERS = 200
    LONGEST_HEADER = 2_000
    LISTED = 100

    lines: tuple[str, ...]
    is_cut: bool

    @classmethod
    def of(cls, text: str) -> Excerpt:
        """What is shown of a text."""
        lines = text[: cls.LONGEST].splitlines(keepends=True)
        is_cut = len(text) > cls.LONGEST or len(lines) > cls.LINES
        return cls(tuple(lines[: cls.LINES]), is_cut)

    def __str__(self) -> str:
        return "".join(self.lines)

    @property
    def escaped(self) -> str:
        """The same with everything spelled out that cannot be seen."""
        bare = (line.splitlines()[0].replace("\t", "    ") for line in self.lines)
        return "".join(f"{escaped(line)}\n" for line in bare)


async def chosen(name: str, choices: tuple[str, ...], default: str) -> str:
    """What the address asks for; 404 for what there is not."""
    choice = request.args.get(name, default)
    if choice not in choices:
        raise await refusal(404)
    return choice


def framed(html: str, scheme: str) -> str:
    """A message's HTML as it looks to a reader in this scheme, its links opening a new tab.

    Only the message's own rules for the scheme are followed: a reader may have more of its own.
    """
    if scheme != "own":
        html = ASKS_SCHEME.sub(lambda asked: YES if asked[1].lower() == scheme else NO, html)
    # The frame around it shows messages only.
    return START.sub(rf"\g<0>{NEW_TAB}", html, count=1)
