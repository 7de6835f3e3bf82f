"""The tags and the text of HTML, found in linear time whatever it holds.

The standard library's parser takes quadratic time for what is never closed.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Tag", "start_tags", "tokens", "unescaped"]

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

LONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
"""A character's number that no character has; some are too long for Python to read."""


class Tag(NamedTuple):
    """A tag: its name in lower case, and of a start tag the attributes, the first of each."""

    name: str
    attributes: dict[str, str]
    is_end: bool


def start_tags(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each start tag: its name in lower case, and its attributes, of which the first counts."""
    for token in tokens(html):
        if isinstance(token, Tag) and not token.is_end:
            yield token.name, token.attributes


def tokens(html: str) -> Iterator[Tag | str]:
    """Each tag, and the text between, as it is written.

    What stands in an element in which nothing is a tag, such as a script, is left out.
    """
    done, at = 0, html.find("<")
    while at >= 0:
        if found := NAME.match(html, at):
            if at > done:
                yield html[done:at]
            attributes, at = _attributes(html, found.end())
            if at < 0:
                return  # a tag without an end is none
            tag = Tag(found[1].lower(), attributes, html[found.start() + 1] == "/")
            yield tag
            done = at = at if tag.is_end else _after_text(html, tag.name, at)
        else:
            after = _after_markup(html, at)
            if after != at + 1:
                yield html[done:at]
                done = after
            at = after
        at = html.find("<", at) if at >= 0 else -1
    if done >= 0:
        yield html[done:]


def unescaped(written: str) -> str:
    """Text with its character references replaced."""
    return unescape(LONG_NUMBER.sub("\N{REPLACEMENT CHARACTER}", written))


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
    return unescaped(bare[:LONGEST_VALUE])


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
        return html.find(">", at) + 1 or -1
    return at + 1
