"""What our styles may not do, so that pages need not be looked at in every combination."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "quartapp"
STYLES = sorted(PACKAGE.rglob("*.css"))

AT_A_WIDTH = re.compile(r"@media \((?:max|min)-width:[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
COLOURING = re.compile(
    r"(?<![\w-])(?:--[\w-]+|[\w-]*(?:color|background|opacity|filter)[\w-]*)\s*:"
)
REVEALING = re.compile(r"(?<![\w-])(?:display\s*:\s*(?:none|block)|visibility\s*:)")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: str(style.relative_to(PACKAGE)))
def test_at_no_width_have_pages_other_colours_or_other_things_to_show(style: Path) -> None:
    text = style.read_text("utf-8")
    blocks = AT_A_WIDTH.findall(text)
    rules = [(what.strip(), how) for block in blocks for what, how in RULE.findall(block)]

    # None is overlooked.
    assert len(blocks) == len(re.findall(r"@(?:media|container) (?!\(prefers-)", text))
    assert [what for what, how in rules if COLOURING.search(how)] == []
    assert {what for what, how in rules if REVEALING.search(how)} <= {".wide-only", ".narrow-only"}
