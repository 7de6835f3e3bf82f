"""The page about replies has the code's own tables."""

from __future__ import annotations

from pathlib import Path

from quartapp.mail.transports.smtp.subjects import BY_PHASE, SUBJECTS

PAGE = Path(__file__).parents[2] / "docs" / "replies.md"


def rows():
    """The table of rules, as the page shows it."""
    for rule in SUBJECTS:
        codes = [f"`{code}`" for code in rule.codes]
        statuses = [f"`X.{status}`" for status in rule.statuses]
        parts = [", ".join(part) for part in (codes, statuses) if part]
        if rule.words:
            parts.append(f"a word that matches `{rule.words.replace('|', chr(92) + '|')}`")
        if rule.phase is not None:
            parts.append(f"at {rule.phase.name}")
        yield f"| {' with '.join(parts)} | {rule.subject} | {rule.meaning} |"


def test_the_tables_of_replies_are_the_codes():
    text = PAGE.read_text(encoding="utf-8")
    tables = [
        [line for line in block.splitlines() if line.startswith("|")][2:]
        for block in text.split("\n\n")
        if block.startswith("|")
    ]

    assert tables[0] == [f"| {phase.name} | {subject} |" for phase, subject in BY_PHASE.items()]
    assert tables[1] == list(rows())
