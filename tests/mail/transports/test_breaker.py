"""After an outage delivery is paused, a little longer each time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from quartapp.mail.transports import Breaker, BreakerState


@dataclass
class Seconds:
    """A clock that goes when it is told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def breaker(clock: Seconds) -> Breaker:
    return Breaker(1, 60, clock=clock, jitter=lambda: 1.0)


def test_the_first_outage_opens_it(breaker):
    opened = breaker.trip("refused")

    assert (opened, breaker.state, breaker.remaining) == (True, BreakerState.OPEN, 1)


def test_after_its_pause_one_probe_may_go(breaker, clock):
    breaker.trip("refused")

    clock.now = 1

    assert breaker.state is BreakerState.PROBING


def test_each_failed_probe_doubles_the_pause_up_to_its_bound(breaker, clock):
    pauses = []
    for _ in range(8):
        breaker.trip("refused")
        pauses.append(breaker.remaining)
        clock.now += breaker.remaining

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_outages_at_the_same_time_count_once(breaker):
    breaker.trip("refused")

    again = breaker.trip("refused")

    assert (again, breaker.remaining) == (False, 1)


def test_a_success_closes_it_and_resets_the_pauses(breaker, clock):
    breaker.trip("refused")
    clock.now = 1
    breaker.trip("refused")

    closed = breaker.reset()
    breaker.trip("refused")

    assert (closed, breaker.remaining) == (True, 1)


def test_a_pause_is_counted_from_the_first_outage(breaker, clock):
    breaker.trip("refused")
    clock.now = 1
    breaker.trip("refused")
    clock.now = 180

    before, _ = breaker.paused_for, breaker.reset()

    assert (before, breaker.paused_for) == (180, 0)


def test_its_repr_shows_the_outage_and_the_next_attempt(breaker):
    breaker.trip("mail:25 refused the connection")

    assert repr(breaker) == "<Breaker open: mail:25 refused the connection; next attempt in 1 s>"
