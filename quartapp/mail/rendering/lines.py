"""Lines of plain text: where they end, and what stands before each."""

from __future__ import annotations

import re

__all__ = ["Lines"]

DEEPEST = 20
"""Lists and quotations within each other that are indented; those within the last are not."""

LONGEST_RULE = 60

BLANK = re.compile(r"[ \t\r\n\f]+")


class Lines:
    """Text as it is written: words are joined by one space, lines by what ends them."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line: list[str] = []
        self._said: list[str] = []
        self._is_apart = False
        # How many line ends come before the next word, and how deep the quotation between is.
        self._gap = 0
        self._quoted_between = 0
        # Open lists, with the number of their last item, and quotations.
        self._levels: list[tuple[str, int]] = []
        self._too_deep = 0
        self._marker = ""

    @property
    def is_in_list(self) -> bool:
        """Whether the innermost is a list."""
        return bool(self._levels) and self._levels[-1][0] != "blockquote"

    def say(self, text: str) -> None:
        """Add words; blanks in a row are one space."""
        words = BLANK.sub(" ", text).replace("\N{NO-BREAK SPACE}", " ")
        bare = words.strip()
        self._is_apart = self._is_apart or words.startswith(" ")
        if not bare:
            return
        self._begin()
        if self._is_apart and self._line:
            self._line.append(" ")
        self._add(bare)
        self._is_apart = words.endswith(" ")

    def say_as_it_is(self, text: str) -> None:
        """Add text with its own blanks and line ends."""
        first, *others = text.replace("\r\n", "\n").split("\n")
        if first:
            self._begin()
            self._add(first)
        for line in others:
            self._begin()
            self._flush()
            self._gap = 1
            if line:
                self._begin()
                self._add(line)
            else:
                self._gap = 1

    def end(self, gap: int) -> None:
        """End the line, if one was begun: 1 line end, or 2 for an empty line before the next."""
        self._flush()
        self._gap = max(self._gap, gap)

    def end_by_hand(self) -> None:
        """End the line, and where it has ended already, leave one empty."""
        self._gap = 1 if self._flush() else min(2, self._gap + 1)

    def separate(self, mark: str) -> None:
        """Put a mark before what comes next, unless it begins the line."""
        if self._line:
            self._line.append(mark)
            self._is_apart = False

    def underline(self, mark: str) -> None:
        """Draw a line under the last one."""
        if self._done and self._done[-1]:
            quoted = "> " * self._quotes()
            width = len(self._done[-1]) - len(quoted)
            self._done.append(quoted + mark * min(max(width, 1), LONGEST_RULE))

    def enter(self, name: str, first: int = 1) -> None:
        """Begin a list ("ul", "ol") or a quotation ("blockquote").

        first
            The number of its first item.
        """
        if len(self._levels) < DEEPEST:
            self._levels.append((name, first - 1))
        else:
            self._too_deep += 1

    def leave(self, name: str) -> None:
        """End the innermost of that name, and what was left open in it."""
        if self._too_deep:
            self._too_deep -= 1
        elif name in [level for level, _ in self._levels]:
            while self._levels.pop()[0] != name:
                pass
        self._marker = ""
        self._quoted_between = min(self._quoted_between, self._quotes())

    def item(self) -> None:
        """Begin an item of the innermost list."""
        self._marker = "- "
        if self._levels and self._levels[-1][0] == "ol":
            number = self._levels[-1][1] + 1
            self._levels[-1] = ("ol", number)
            self._marker = f"{number}. "

    def mark(self) -> int:
        """A place, for `since`."""
        return len(self._said)

    def since(self, mark: int) -> str:
        """The words since that place."""
        return " ".join(self._said[mark:])

    def text(self) -> str:
        """Everything so far."""
        self._flush()
        return "\n".join(self._done)

    def _add(self, words: str) -> None:
        self._line.append(words)
        self._said.append(words)

    def _begin(self) -> None:
        """Begin a line, if none is begun."""
        if self._line:
            return
        if self._done and self._gap > 1:
            self._done.append(("> " * self._quoted_between).rstrip())
        self._gap = 0
        self._is_apart = False
        self._line.append(self._before())

    def _before(self) -> str:
        lists = len(self._levels) - self._quotes()
        marker, self._marker = self._marker, ""
        return "> " * self._quotes() + "  " * (lists - bool(marker)) + marker

    def _quotes(self) -> int:
        return sum(name == "blockquote" for name, _ in self._levels)

    def _flush(self) -> bool:
        """End the line that was begun; false where there is none."""
        if not self._line:
            return False
        self._done.append("".join(self._line).rstrip())
        self._line.clear()
        self._is_apart = False
        self._quoted_between = self._quotes()
        return True
