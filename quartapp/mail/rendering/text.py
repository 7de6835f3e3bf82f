"""The plain text of a message whose author wrote HTML alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quartapp.mail.rendering.lines import Lines
from quartapp.mail.tags import Tag, tokens, unescaped

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["text_of"]

BLANK_AROUND = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "figure", "dl"),
    *("article", "section", "header", "footer", "main", "nav", "aside", "form", "fieldset"),
}
"""Elements with an empty line before and after."""

ON_LINES_OF_THEIR_OWN = {
    *("div", "tr", "li", "dt", "dd", "center", "address", "caption", "figcaption", "body", "html"),
    *("thead", "tbody", "tfoot", "legend", "option"),
}

UNDERLINES = {"h1": "=", "h2": "-"}
NESTING = {"ul", "ol", "blockquote"}
CELLS = {"td", "th"}
VOID = {"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "source", "wbr", "embed"}
UNSEEN = {"template", "svg", "math", "object", "audio", "video", "select"}

HIDING = re.compile(r"(?<![-\w])(?:display:none|visibility:hidden|max-height:0(?![.\d]))")
BLANKS = re.compile(r"\s+")
NUMBER = re.compile(r"-?[0-9]{1,9}")
ADDRESS = re.compile(r"(https?|mailto|tel|sms|ftp):", re.IGNORECASE)
MOST_TABLES = 100
"""Tables within tables that are told apart."""


def text_of(html: str) -> str:
    """What the HTML says, as text: links with their address, lists, tables, quotations.

    Linear in its length. What it hides (`display:none`), styles and scripts are left out.
    """
    reader = _Reader()
    for token in tokens(html):
        reader.read(token)
    return reader.lines.text()


class _Reader:
    """Goes through the tags and writes lines."""

    def __init__(self) -> None:
        self.lines = Lines()
        self._hidden = ("", 0)
        self._preformatted = 0
        # Whether each open table is one of data, the innermost last.
        self._tables: list[bool] = []
        self._link = ""
        self._link_from = 0

    def read(self, token: Tag | str) -> None:
        """Take in a tag, or the text between tags."""
        if self._is_hidden(token):
            return
        if isinstance(token, str):
            say = self.lines.say_as_it_is if self._preformatted else self.lines.say
            say(unescaped(token))
            return
        if token.name in NESTING and token.is_end:
            self.lines.leave(token.name)
        self._break(token)
        if step := STEPS.get(token.name):
            step(self, token)

    def _is_hidden(self, token: Tag | str) -> bool:
        """Whether it stands in an element that readers do not see, or begins one."""
        name, depth = self._hidden
        if isinstance(token, str):
            return depth > 0
        if depth:
            if token.name == name:
                self._hidden = name, depth + (-1 if token.is_end else 1)
            return True
        if token.is_end or token.name in VOID or not _hides(token):
            return False
        self._hidden = token.name, 1
        return True

    def _break(self, tag: Tag) -> None:
        if tag.name in BLANK_AROUND or tag.name in NESTING:
            self.lines.end(1 if self.lines.is_in_list else 2)
        elif tag.name in ON_LINES_OF_THEIR_OWN:
            self.lines.end(1)

    def _nest(self, tag: Tag) -> None:
        if not tag.is_end:
            start = NUMBER.fullmatch(tag.attributes.get("start", "").strip())
            self.lines.enter(tag.name, int(start[0]) if start else 1)

    def _anchor(self, tag: Tag) -> None:
        self._end_link()
        if not tag.is_end:
            self._link = tag.attributes.get("href", "").strip()
            self._link_from = self.lines.mark()

    def _end_link(self) -> None:
        address, self._link = _address(self._link), ""
        if address:
            said = self.lines.since(self._link_from)
            if not said:
                self.lines.say(address)
            elif _bare(said) != _bare(address):
                self.lines.say(f" <{address}>")

    def _image(self, tag: Tag) -> None:
        self.lines.say(tag.attributes.get("alt", ""))

    def _line(self, _tag: Tag) -> None:
        self.lines.end_by_hand()

    def _rule(self, _tag: Tag) -> None:
        self.lines.end(2)
        self.lines.say("-" * 20)
        self.lines.end(2)

    def _item(self, tag: Tag) -> None:
        if not tag.is_end:
            self.lines.item()

    def _pre(self, tag: Tag) -> None:
        self._preformatted = max(0, self._preformatted + (-1 if tag.is_end else 1))

    def _heading(self, tag: Tag) -> None:
        if tag.is_end:
            self.lines.underline(UNDERLINES[tag.name])

    def _table(self, tag: Tag) -> None:
        if tag.is_end and self._tables:
            self._tables.pop()
        elif not tag.is_end and len(self._tables) < MOST_TABLES:
            role = tag.attributes.get("role", "").strip().lower()
            self._tables.append(role not in {"presentation", "none"})

    def _cell(self, tag: Tag) -> None:
        if not self._tables or not self._tables[-1]:
            self.lines.end(2)
        elif not tag.is_end:
            self.lines.separate(" | ")


STEPS: dict[str, Callable[[_Reader, Tag], None]] = {
    "a": _Reader._anchor,
    "img": _Reader._image,
    "br": _Reader._line,
    "hr": _Reader._rule,
    "li": _Reader._item,
    "pre": _Reader._pre,
    "table": _Reader._table,
    **dict.fromkeys(NESTING, _Reader._nest),
    **dict.fromkeys(UNDERLINES, _Reader._heading),
    **dict.fromkeys(CELLS, _Reader._cell),
}


def _hides(tag: Tag) -> bool:
    style = BLANKS.sub("", tag.attributes.get("style", "")).lower()
    return tag.name in UNSEEN or "hidden" in tag.attributes or bool(HIDING.search(style))


def _address(href: str) -> str:
    """An address as it is written behind the words of its link; "" for what leads nowhere."""
    found = ADDRESS.match(href)
    if not found:
        return ""
    if found[1].lower() in {"mailto", "tel", "sms"}:
        return href[found.end() :].partition("?")[0].strip()
    return BLANKS.sub("%20", href).replace("<", "%3C").replace(">", "%3E")


def _bare(text: str) -> str:
    return re.sub(r"^https?://", "", text.strip().lower()).rstrip("/")
