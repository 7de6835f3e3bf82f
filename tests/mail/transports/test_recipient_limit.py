"""How many recipients a transaction has."""

from __future__ import annotations

import pytest

from quartapp.mail.transports.smtp.recipient_limit import (
    REMEMBERED,
    RecipientLimit,
    announced_limit,
)
from tests.mail.transports.sample import Seconds

FOUR = ("1", "2", "3", "4")


@pytest.mark.parametrize(
    ("most", "seen", "count"), [(None, None, 4), (3, None, 3), (None, 2, 2), (3, 2, 2), (2, 3, 2)]
)
def test_the_least_of_what_is_set_and_seen_holds(most, seen, count):
    limit = RecipientLimit(most)
    if seen is not None:
        limit.saw(seen)

    assert limit.first(FOUR) == FOUR[:count]


def test_what_was_seen_is_forgotten_after_an_hour():
    clock = Seconds()
    limit = RecipientLimit(None, clock)
    limit.saw(2)
    clock.now = REMEMBERED

    assert limit.first(FOUR) == FOUR


def test_what_was_seen_outlives_a_connection_that_announces_more():
    limit = RecipientLimit(None)
    limit.saw(2)
    limit.announced = 100

    assert limit.first(FOUR) == FOUR[:2]


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ("RCPTMAX=20", 20),
        ("MAILMAX=5 rcptmax=100 RCPTDOMAINMAX=2", 100),
        ("", None),
        ("RCPTMAX=0", None),
        ("RCPTMAX=many", None),
        ("RCPTMAX=99999999999999999999", None),
        ("XRCPTMAX=5", None),
    ],
)
def test_a_limit_that_is_announced(limits, count):
    assert announced_limit("RCPTMAX", limits) == count
