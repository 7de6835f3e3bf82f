"""What a browser does, without one."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request

__all__ = ["fetch", "fill_in"]


def fetch(url: str) -> str:
    """What a browser gets."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the address is our own
        return str(answer.read().decode())


def fill_in(page: str, name: str) -> None:
    """Fill in the form and send it."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(page) as answer:
        form = answer.read().decode()
    token = re.search('name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token
    fields = urllib.parse.urlencode({"name": name, "csrf_token": token[1]})
    browser.open(page, fields.encode()).close()
