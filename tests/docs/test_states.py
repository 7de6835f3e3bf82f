"""The page about states has the code's own table."""

from __future__ import annotations

from pathlib import Path

from quartapp.mail.outbox.states import STATES

STATES_PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_table_of_states_is_the_codes():
    text = STATES_PAGE.read_text(encoding="utf-8")
    rows = text.partition("\n\n")[2].partition("\n\n")[0].splitlines()[2:]

    assert rows == [
        f"| `{status}` | {state.meaning} | {state.final} | "
        f"{', '.join(sorted(state.actions)) or 'nothing'} | "
        f"{'yes' if state.is_failure else 'no'} |"
        for status, state in STATES.items()
    ]
