"""Which names are taken, and as what."""

from __future__ import annotations

import pytest

from quartapp.web.forms import cleaned, objection


@pytest.mark.parametrize(
    "name",
    ["Ada", "李", "José", "محمد", "नमस्ते", "می‌خواهم", "👩‍🚀", "O'Brien", "<script>", "x" * 64],
)
def test_a_name_in_any_script_is_accepted(name):
    assert objection(cleaned(name)) is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Ada\t", "Ada"), ("Jose\u0301", "José"), ("\u3000李\u00a0", "李"), (None, "")],
)
def test_a_name_is_stripped_and_composed(typed, name):
    assert cleaned(typed) == name


def test_the_length_counts_the_cleaned_name():
    assert objection(cleaned(" " + "e\u0301" * 64 + " ")) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "type a name"),
        ("   ", "type a name"),
        ("x" * 65, "65 characters; at most 64"),
        ("Ada\nBcc: x", "control character"),
        ("Ada\x00", "control character"),
        ("Ada\u2028x", "control character"),
        ("\u202eadA", "control character"),
        ("\u200b", "is invisible"),
        ("\u3164", "is invisible"),
        ("\u0301\u200d", "is invisible"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_a_sentence(name, says):
    assert says in objection(cleaned(name))
