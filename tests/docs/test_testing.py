"""The page about testing shows what is in the examples, and what a failure says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import quartapp.mail.testing
from quartapp.mail import Message
from quartapp.mail.testing import assert_sent

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_its_snippets_are_from_the_examples():
    example = (ROOT / "examples" / "shop" / "test_shop.py").read_text("utf-8").splitlines()
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    assert len(snippets) == 3
    assert [line for text in snippets for line in text.splitlines() if line not in example] == []


def test_a_failure_says_what_the_page_says(mail_outbox):
    order = Message("Your order of tea", ["ada@example.com"], bcc=["orders@example.com"])
    mail_outbox.extend([order, Message("How is your tea?", ["ada@example.com"])])

    with pytest.raises(AssertionError) as raised:
        assert_sent(subject="Your order of milk")

    assert f"```\n{raised.value}\n```" in PAGE


@pytest.mark.parametrize("name", quartapp.mail.testing.__all__)
def test_every_name_is_explained(name):
    assert re.search(rf"`{name}\b", PAGE)
