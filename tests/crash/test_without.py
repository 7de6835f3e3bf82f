"""The script that takes mechanisms out still finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.mechanisms import MECHANISMS, Mechanism

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_a_mechanism_is_where_its_entry_says(mechanism: Mechanism) -> None:
    source = (ROOT / mechanism.file).read_text(encoding="utf-8")
    path, _, name = mechanism.test.partition("::")
    tests = (ROOT / path).read_text(encoding="utf-8")

    assert source.count(mechanism.line) == 1
    assert f"def {name.partition('[')[0]}(" in tests
