"""How many messages a dispatcher holds follows from how fast they go."""

from __future__ import annotations

from quartapp.mail.delivery.prefetch import LEAST, MOST, Prefetch
from tests.crash.clock import HandClock


def a_second_of(messages):
    clock = HandClock()
    pace = Prefetch(2, clock)
    for _ in range(messages):
        clock.seconds += 1 / messages
        pace.note()
    return pace


def test_where_nothing_moves_a_few_for_each_connection_are_held():
    assert Prefetch(2, HandClock()).limit == 2 * LEAST


def test_a_slow_server_is_no_reason_to_hold_more():
    assert a_second_of(50).limit == 2 * LEAST


def test_a_fast_one_is_worth_a_tenth_of_a_second():
    assert 95 <= a_second_of(1000).limit <= 105


def test_nobody_holds_more_than_so_many():
    assert a_second_of(100_000).limit == MOST
