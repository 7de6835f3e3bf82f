"""The script that takes mechanisms out still finds them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.crash.mechanisms import MECHANISMS, Mechanism

ROOT = Path(__file__).parents[2]


def test_a_mechanism_is_where_its_entry_says() -> None:
    wrong = [each.name for each in MECHANISMS if not is_found(each)]

    assert wrong == []


def is_found(mechanism: Mechanism) -> bool:
    """Whether its line stands in its file exactly once, and its test in its own."""
    path, _, name = mechanism.test.partition("::")
    is_there = read(mechanism.file).count(mechanism.line) == 1
    return is_there and f"def {name.partition('[')[0]}(" in read(path)


@cache
def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
