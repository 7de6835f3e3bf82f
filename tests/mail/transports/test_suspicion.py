"""Whether a reply about the session is believed, or one message provokes it."""

from __future__ import annotations

import pytest

from quartapp.mail.transports import Breaker
from quartapp.mail.transports.smtp.suspicion import Suspicion

# Messages that get such a reply, and "ok" for one that is accepted; whether each is believed.
AFTER_A_LOGIN = [
    ("x", [False]),
    ("x x x", [False, False, False]),
    ("x y", [False, True]),
    ("x x y", [False, False, True]),
    ("x ok x", [False, False]),
    ("x ok y", [False, False]),
    ("x ok y z", [False, False, True]),
]
WITHOUT_A_LOGIN = [
    ("x", [True]),
    ("x x", [True, True]),
    ("x y", [True, True]),
    ("ok x", [True]),
    ("x ok x", [True, False]),
    ("x ok y", [True, True]),
]


def believed(suspicion, events, *, is_logged_in):
    """What is believed of these events."""
    found = []
    for event in events.split():
        if event == "ok":
            suspicion.accepted()
        else:
            found.append(suspicion.believes(event.encode(), is_logged_in=is_logged_in))
    return found


@pytest.mark.parametrize(("events", "expected"), AFTER_A_LOGIN)
def test_after_a_login_a_second_message_proves_it(events, expected):
    assert believed(Suspicion(Breaker()), events, is_logged_in=True) == expected


@pytest.mark.parametrize(("events", "expected"), WITHOUT_A_LOGIN)
def test_without_a_login_others_that_pass_disprove_it(events, expected):
    assert believed(Suspicion(Breaker()), events, is_logged_in=False) == expected


@pytest.mark.parametrize("is_logged_in", [True, False])
def test_while_delivery_is_paused_it_is_believed(is_logged_in):
    breaker = Breaker()
    suspicion = Suspicion(breaker)
    breaker.trip("down")

    assert believed(suspicion, "x ok x x", is_logged_in=is_logged_in) == [True] * 3
