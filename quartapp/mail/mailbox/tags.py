"""The tags in a message's HTML, found in linear time whatever it holds.

The standard library's parser takes quadratic time for what is never closed.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["start_tags"]

LONGEST_VALUE = 2000
"""Characters of an attribute that are looked at."""

# Possessive: what was matched once is never matched again.
NAME = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:([^\s/>=][^\s/>=]*+)|=)(?:\s*+=\s*+("[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?+"""
)
TAG_END = re.compile(r"[\s/]*+>")
TEXT_ONLY = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
"""Elements in which nothing is a tag, and what ends them."""


def start_tags(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each start tag: its name in lower case, and its attributes, of which the first counts."""
    at = html.find("<")
    while at >= 0:
        if found := NAME.match(html, at):
            attributes, at = _attributes(html, found.end())
            name = found[1].lower()
            if at < 0:
                return  # a tag without an end is none
            if html[found.start() + 1] != "/":
                yield name, attributes
                at = _after_text(html, name, at)
        else:
            at = _after_markup(html, at)
        at = html.find("<", at) if at >= 0 else -1


def _attributes(html: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes from there on, and where the tag ends; -1 where it does not."""
    attributes: dict[str, str] = {}
    while not (end := TAG_END.match(html, at)):
        found = ATTRIBUTE.match(html, at)
        if not found:
            return attributes, -1
        attributes.setdefault((found[1] or "=").lower(), _value(found[2] or ""))
        at = found.end()
    return attributes, end.end()


def _value(written: str) -> str:
    bare = written[1:].removesuffix(written[0]) if written[:1] in ('"', "'") else written
    return unescape(bare[:LONGEST_VALUE])


def _after_text(html: str, name: str, at: int) -> int:
    """Where tags go on behind a start tag; -1 where they do not."""
    if name not in TEXT_ONLY:
        return at
    end = TEXT_ONLY[name].search(html, at)
    return end.start() if end else -1


def _after_markup(html: str, at: int) -> int:
    """Where tags go on behind a comment or the like; -1 where they do not."""
    if html.startswith("<!--", at):
        end = html.find("-->", at + 2)
        return end + 3 if end >= 0 else -1
    if html.startswith(("<!", "<?", "</"), at):
        return html.find(">", at)
    return at + 1
