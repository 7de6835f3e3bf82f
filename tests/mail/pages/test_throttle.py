"""How often one client may get the sign-in wrong, and who is not locked out by it."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import TooManyRequests

from quartapp.mail.pages.throttle import FLOOD, MOST, SIGNED_IN, WINDOW, Guesses

OURS, RIGHT, WRONG = "192.0.2.1", "Basic b3BzOnJpZ2h0", "Basic b3BzOndyb25n"


class Elapsed:
    """Seconds on a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def guesses(elapsed: Elapsed) -> Guesses:
    return Guesses(elapsed)


def guess(guesses: Guesses, times: int = MOST, address: str = OURS) -> None:
    for _ in range(times):
        guesses.count(address, WRONG)


def is_refused(guesses: Guesses, sign_in: str, address: str = OURS) -> bool:
    try:
        guesses.check(address, sign_in)
    except TooManyRequests:
        return True
    return False


def test_after_ten_wrong_ones_not_even_the_right_one_is_told_apart(guesses: Guesses) -> None:
    guess(guesses)

    assert is_refused(guesses, RIGHT)
    assert is_refused(guesses, WRONG)


def test_who_signed_in_before_is_not_locked_out_by_a_neighbours_guesses(guesses: Guesses) -> None:
    guesses.remember(OURS, RIGHT)

    guess(guesses)

    assert not is_refused(guesses, RIGHT)
    assert is_refused(guesses, WRONG)


@pytest.mark.parametrize("neighbour", ["2001:db8::2", "2001:db8:0:0:ffff::1"])
def test_addresses_of_one_network_are_one_client(guesses: Guesses, neighbour: str) -> None:
    guess(guesses, address=neighbour)

    assert is_refused(guesses, RIGHT, "2001:db8::1")
    assert not is_refused(guesses, RIGHT, "2001:db8:0:1::1")


def test_a_sign_in_is_known_at_its_own_address_only(guesses: Guesses) -> None:
    guesses.remember("192.0.2.2", RIGHT)

    guess(guesses)

    assert is_refused(guesses, RIGHT)


def test_beside_a_sign_in_no_more_guesses_are_answered_than_a_flood(guesses: Guesses) -> None:
    guesses.remember(OURS, RIGHT)
    guess(guesses)

    answered = [not is_refused(guesses, WRONG) for _ in range(FLOOD - MOST)]

    assert not any(answered)
    assert is_refused(guesses, RIGHT)


def test_a_sign_in_that_became_wrong_is_known_no_more(guesses: Guesses) -> None:
    guesses.remember(OURS, RIGHT)
    guesses.count(OURS, RIGHT)

    guess(guesses, MOST - 1)

    assert is_refused(guesses, RIGHT)


def test_a_sign_in_of_yesterday_is_known_no_more(guesses: Guesses, elapsed: Elapsed) -> None:
    guesses.remember(OURS, RIGHT)
    elapsed.now += SIGNED_IN

    guess(guesses)

    assert is_refused(guesses, RIGHT)


def test_the_wait_ends_with_its_minute(guesses: Guesses, elapsed: Elapsed) -> None:
    guess(guesses)
    with pytest.raises(TooManyRequests) as refused:
        guesses.check(OURS, RIGHT)

    elapsed.now += WINDOW

    assert refused.value.retry_after == WINDOW
    assert not is_refused(guesses, RIGHT)
