"""The rules of `<style>` written into the elements, for mail programs that read no `<style>`."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MessageError
from quartapp.mail.tags import Tag, tokens

if TYPE_CHECKING:
    from css_inline import CSSInliner

__all__ = ["with_inlined_css"]

DEEPEST = 500
"""Elements within each other. The library calls itself for each: thousands end the process."""

LONG = 128 * 1024
"""Characters of HTML from which it is worth a process: messages have 102 KiB at most (Gmail)."""

OPTIONS: dict[str, Any] = {
    "load_remote_stylesheets": False,
    "keep_link_tags": True,
    "keep_style_tags": True,
    "remove_inlined_selectors": True,
}

PROGRAM = f"""
import sys, css_inline
inliner = css_inline.CSSInliner(**{OPTIONS!r})
sys.stdout.buffer.write(inliner.inline(sys.stdin.buffer.read().decode()).encode())
"""

VOID = {"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "source", "wbr", "embed"}

CELL = frozenset({"p", "td", "th"})
ROWS = CELL | {"tr", "thead", "tbody", "tfoot"}
ENDED_BY = {
    "p": {"p"},
    "li": {"p", "li"},
    "dt": {"p", "dt", "dd"},
    "dd": {"p", "dt", "dd"},
    "td": CELL,
    "th": CELL,
    "tr": CELL | {"tr"},
    "thead": ROWS,
    "tbody": ROWS,
    "tfoot": ROWS,
    "option": {"option"},
}
"""Elements that need no end tag, and what is ended where the next one begins."""


def with_inlined_css(html: str) -> str:
    """The HTML with its `<style>` rules in `style` attributes.

    What no attribute can say stays in `<style>`: `@media`, `:hover`. Nothing is fetched, neither a
    `<link>` nor an `@import`. Raises `MessageError` for elements that are nested too deep.
    """
    if "<style" not in html.lower():
        return html
    if _depth(html) > DEEPEST:
        raise MessageError(
            f"html has more than {DEEPEST} elements within each other, too many to inline its CSS: "
            "close what is open, or set MAIL_INLINE_CSS=false."
        )
    try:
        return _inliner().inline(html) if len(html) <= LONG else _inlined_elsewhere(html)
    except ValueError as error:
        raise MessageError(f"html has CSS that cannot be inlined: {error}.") from error


def _depth(html: str) -> int:
    """How deep elements are nested, at least; more where tags are mixed up."""
    open_: list[str] = []
    deepest = 0
    for token in tokens(html):
        if not isinstance(token, Tag) or token.name in VOID:
            continue
        if token.is_end:
            _end(open_, token.name)
        else:
            while open_ and open_[-1] in ENDED_BY.get(token.name, ()):
                open_.pop()
            open_.append(token.name)
            deepest = max(deepest, len(open_))
            if deepest > DEEPEST:
                break
    return deepest


def _end(open_: list[str], name: str) -> None:
    """End an element, with those in it that need no end tag; one that is not open is ignored."""
    at = len(open_) - 1
    while at >= 0 and open_[at] != name and open_[at] in ENDED_BY:
        at -= 1
    if at >= 0 and open_[at] == name:
        del open_[at:]


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(**OPTIONS)


def _inlined_elsewhere(html: str) -> str:
    """The same by a process of its own, while other threads of this one go on.

    The library holds Python's lock, for about 0.1 ms a KiB. Raises `ValueError`.
    """
    # -P: a file in the working directory is not taken for a module.
    command = [sys.executable, "-P", "-c", PROGRAM]
    done = subprocess.run(command, input=html.encode(), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return done.stdout.decode()
