"""How many messages a dispatcher claims ahead follows from how fast they are sent."""

from __future__ import annotations

from quartapp.mail.delivery.prefetch import LEAST, MOST, Prefetch
from tests.crash.clock import HandClock


def a_second_of(messages):
    clock = HandClock()
    prefetch = Prefetch(2, clock)
    for _ in range(messages):
        clock.seconds += 1 / messages
        prefetch.count()
    return prefetch


def test_at_first_a_few_for_each_connection_are_claimed():
    assert Prefetch(2, HandClock()).limit == 2 * LEAST


def test_a_slow_server_gets_no_more():
    assert a_second_of(50).limit == 2 * LEAST


def test_a_fast_server_gets_those_of_a_tenth_of_a_second():
    assert 95 <= a_second_of(1000).limit <= 105


def test_no_dispatcher_claims_more_than_the_limit():
    assert a_second_of(100_000).limit == MOST
