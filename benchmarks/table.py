"""The table: targets, what was measured, and how, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rounds import medians

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.comparison import Comparison
    from benchmarks.record import Entry
    from benchmarks.variant import Figures

__all__ = ["FIGURES", "table"]

FIGURES = {
    "rate": "a second",
    "cpu_us": "CPU µs each",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "mib": "MiB",
    "percent": "% of a core",
}
"""The figures that are shown, and their headings."""


def table(rows: Sequence[Comparison], entries: Mapping[str, Entry]) -> str:
    """Everything that was measured: first the targets, then each comparison's figures."""
    measured = [row for row in rows if row.name in entries]
    lines = [*_targets(measured, entries), ""]
    for row in measured:
        lines += [*_figures(row, entries[row.name]), ""]
    lines += sorted({f"- {entry['packages']}; sink: {entry['sink']}" for entry in entries.values()})
    return "\n".join(lines).rstrip() + "\n"


def _targets(rows: Sequence[Comparison], entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "| what | against | target | measured | |"
    yield "|---|---|---|---|---|"
    for row in rows:
        middle = medians(entries[row.name]["measured"])
        for target in row.targets:
            value = target.value(middle)
            against = "" if target.ours == target.theirs else target.theirs
            shown = "not measured" if value is None else f"**{value:.2f}{target.unit}**"
            decision = "" if value is None else ("met" if target.is_met(value) else "missed")
            cells = (f"{row.title}: {target.what}", against, target.bound, shown, decision)
            yield f"| {' | '.join(cells)} |"


def _figures(row: Comparison, entry: Entry) -> Iterator[str]:
    measured = entry["measured"]
    names = [name for name in FIGURES if any(name in found[0] for found in measured.values())]
    yield f"### {row.title}"
    yield ""
    yield row.note
    yield ""
    yield "| | " + " | ".join(FIGURES[name] for name in names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for variant, found in measured.items():
        yield f"| {variant} | " + " | ".join(_cell(found, name) for name in names) + " |"
    yield ""
    yield _circumstances(entry)


def _cell(found: Sequence[Figures], name: str) -> str:
    values = sorted(figures[name] for figures in found if name in figures)
    if not values:
        return ""
    middle = values[len(values) // 2]
    return f"{_number(middle)} ({_number(values[0])} to {_number(values[-1])})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _circumstances(entry: Entry) -> str:
    size = "" if entry["scale"] == 1 else f" At {entry['scale']:g} of the full size."
    return (
        f"Medians of {entry['rounds']} shuffled rounds, least and most in brackets; "
        f"{entry['machine']}, load {entry['load']} over the last 15 minutes, "
        f"{entry['at']}.{size}"
    )
