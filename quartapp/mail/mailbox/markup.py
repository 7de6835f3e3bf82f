"""What stands in a message's HTML: links, images, widths and colours, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from quartapp.mail.mailbox.colour import contrast
from quartapp.mail.tags import start_tags

__all__ = ["Markup"]

MOST_READ = 512 * 1024
"""How much of it is looked at, in characters."""

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
PIXELS = re.compile(r"(\d{1,5})(?:\.\d+)?(?:px)?$", re.IGNORECASE)
REMOVED = {"script", "form", "iframe", "object", "embed", "applet", "frame", "frameset"}
WIDE = 600
ENOUGH = 4.5
"""The contrast that WCAG 2 asks of text (success criterion 1.4.3)."""


@dataclass(slots=True)
class Markup:
    """What may be a problem for a reader, each once, in the order in which it comes.

    pictures
        The names by which it shows what should come with it (RFC 2392), as in a Content-ID.
    """

    relative_links: dict[str, None] = field(default_factory=dict)
    relative_images: dict[str, None] = field(default_factory=dict)
    pictures: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    too_wide: dict[int, None] = field(default_factory=dict)
    faint: dict[tuple[str, str, float], None] = field(default_factory=dict)

    @classmethod
    def read(cls, html: str) -> Self:
        """Look through it; nonsense is passed over."""
        found = cls()
        for tag, attributes in start_tags(html[:MOST_READ]):
            found.note(tag, attributes)
        return found

    def note(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of one element."""
        if tag in REMOVED:
            self.removed[tag] = None
        if tag == "a" and _is_relative(attributes.get("href", "")):
            self.relative_links[attributes["href"].strip()[:80]] = None
        if tag == "img":
            self._picture(attributes.get("src", "").strip())
        style = _declarations(attributes.get("style", ""))
        self._widths(attributes.get("width", ""), style)
        self._colours(style)

    def _picture(self, source: str) -> None:
        if source.lower().startswith("cid:"):
            self.pictures[unquote(source[4:]).strip(" <>")] = None
        elif _is_relative(source):
            self.relative_images[source[:80]] = None

    def _widths(self, attribute: str, style: dict[str, str]) -> None:
        for value in (attribute, style.get("width", ""), style.get("min-width", "")):
            found = PIXELS.match(value.strip())
            if found and int(found[1]) > WIDE:
                self.too_wide[int(found[1])] = None

    def _colours(self, style: dict[str, str]) -> None:
        ink = style.get("color", "").strip()
        paper = style.get("background-color", style.get("background", "")).strip()
        ratio = contrast(ink, paper)
        if ratio is not None and ratio < ENOUGH:
            self.faint[ink, paper, ratio] = None


def _declarations(style: str) -> dict[str, str]:
    parted = (declaration.partition(":") for declaration in style.split(";"))
    return {name.strip().lower(): value.strip() for name, colon, value in parted if colon}


def _is_relative(target: str) -> bool:
    target = target.strip()
    return bool(target) and not target.startswith(("#", "//")) and not SCHEME.match(target)
