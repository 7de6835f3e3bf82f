"""How a message is looked at: its width, its colour scheme, and the frame that locks it up."""

from __future__ import annotations

import re

from quart import request

from quartapp.mail.pages.answers import refusal

__all__ = ["SCHEMES", "WIDTHS", "chosen", "framed"]

WIDTHS = ("desktop", "phone")
SCHEMES = ("own", "light", "dark")

START = re.compile(r"(\s*<!doctype[^>]*>)?(\s*<html\b[^>]*>)?(\s*<head\b[^>]*>)?", re.IGNORECASE)
NEW_TAB = '<base target="_blank">'
ASKS_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
YES, NO = "(min-width: 0)", "(max-width: 0)"


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
