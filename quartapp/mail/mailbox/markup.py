"""What stands in a message's HTML: links, images, widths and colours, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self, TypeVar

from quartapp.mail.mailbox.colour import contrast

__all__ = ["Markup"]

T = TypeVar("T")

MOST_READ = 512 * 1024
"""How much of it is looked at, in characters."""

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
STYLE = re.compile(r"([a-z-]+)\s*:\s*([^;]+)", re.IGNORECASE)
PIXELS = re.compile(r"(\d{1,5})(?:\.\d+)?(?:px)?$", re.IGNORECASE)
REMOVED = {"script", "form", "iframe", "object", "embed", "applet", "frame", "frameset"}
WIDE = 600
ENOUGH = 4.5
"""The contrast that WCAG 2 asks of text (success criterion 1.4.3)."""


@dataclass(slots=True)
class Markup:
    """What may be a problem for a reader, in the order in which it comes.

    pictures
        The names by which it shows what should come with it (RFC 2392).
    """

    relative_links: list[str] = field(default_factory=list)
    relative_images: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    too_wide: list[int] = field(default_factory=list)
    faint: list[tuple[str, str, float]] = field(default_factory=list)

    @classmethod
    def read(cls, html: str) -> Self:
        """Look through it; nonsense is passed over."""
        found = cls()
        _Reader(found).feed(html[:MOST_READ])
        return found

    def note(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of one element."""
        if tag in REMOVED:
            _once(self.removed, tag)
        if tag == "a" and _is_relative(attributes.get("href", "")):
            _once(self.relative_links, attributes["href"].strip()[:80])
        if tag == "img":
            self._picture(attributes.get("src", "").strip())
        style = {name.lower(): value for name, value in STYLE.findall(attributes.get("style", ""))}
        self._widths(attributes.get("width", ""), style)
        self._colours(style)

    def _picture(self, source: str) -> None:
        if source.lower().startswith("cid:"):
            _once(self.pictures, source[4:80])
        elif _is_relative(source):
            _once(self.relative_images, source[:80])

    def _widths(self, attribute: str, style: dict[str, str]) -> None:
        for value in (attribute, style.get("width", ""), style.get("min-width", "")):
            found = PIXELS.match(value.strip())
            if found and int(found[1]) > WIDE:
                _once(self.too_wide, int(found[1]))

    def _colours(self, style: dict[str, str]) -> None:
        ink = style.get("color", "").strip()
        paper = style.get("background-color", style.get("background", "")).strip()
        ratio = contrast(ink, paper)
        if ratio is not None and ratio < ENOUGH:
            _once(self.faint, (ink, paper, ratio))


class _Reader(HTMLParser):
    def __init__(self, found: Markup) -> None:
        super().__init__()
        self._found = found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._found.note(tag, {name: value or "" for name, value in attrs})


def _is_relative(target: str) -> bool:
    target = target.strip()
    return bool(target) and not target.startswith(("#", "//")) and not SCHEME.match(target)


def _once(found: list[T], value: T) -> None:
    if value not in found:
        found.append(value)
