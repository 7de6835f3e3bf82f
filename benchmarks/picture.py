"""The picture: a bar for each variant, drawn as SVG for light and dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.rounds import medians

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.comparison import Comparison
    from benchmarks.record import Entry

__all__ = ["picture"]

WIDTH, LABEL, BAR, LINE, GAP = 760, 250, 400, 22, 20
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .unit { fill: #656d76 }
.theirs { fill: #afb8c1 } .ours { fill: #2f6f4f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .unit { fill: #9198a1 } .theirs { fill: #57606a } .ours { fill: #57b583 }
}
"""


def picture(rows: Sequence[Comparison], entries: Mapping[str, Entry]) -> str:
    """All comparisons that have more than one variant, below each other."""
    drawn: list[str] = []
    top = GAP
    for row in rows:
        if row.name in entries and len(row.variants) > 1:
            drawn += _comparison(row, entries[row.name], top)
            top += LINE * (len(entries[row.name]["measured"]) + 1) + GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">',
            "<title>quartapp and others, measured side by side</title>",
            f"<style>{STYLE}</style>",
            *drawn,
            "</svg>\n",
        ]
    )


def _comparison(row: Comparison, entry: Entry, top: int) -> Iterator[str]:
    values = {name: found[row.figure] for name, found in medians(entry["measured"]).items()}
    longest = max(values.values()) or 1
    direction = "more" if row.is_more_better else "less"
    yield _text(0, top, row.title, "title", f" · {row.unit}, {direction} is better")
    for name, value in values.items():
        top += LINE
        width = max(1, round(value / longest * BAR))
        kind = "ours" if name.startswith("quartapp") else "theirs"
        yield _text(0, top, name)
        place = f'x="{LABEL}" y="{top - 12}" width="{width}" height="15" rx="2"'
        yield f'<rect class="{kind}" {place}/>'
        yield _text(LABEL + width + 6, top, _number(value))


def _text(left: int, top: int, words: str, kind: str = "", unit: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    more = f'<tspan class="unit">{escape(unit)}</tspan>' if unit else ""
    return f'<text x="{left}" y="{top}"><tspan{name}>{escape(words)}</tspan>{more}</text>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
