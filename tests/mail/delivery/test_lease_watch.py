"""When a claim of another process has lapsed."""

from __future__ import annotations

import pytest

from quartapp.mail.delivery.lease_watch import LeaseWatch
from quartapp.mail.outbox.claim import Lease
from tests.crash.clock import HandClock

LEASE, POLL = 60.0, 1.0
DEAD, OTHER = Lease("1", "theirs", 4, LEASE), Lease("2", "others", 0, LEASE)
HOUR = 3600.0


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def watch(clock):
    return LeaseWatch(POLL, clock)


def look_on(watch, clock, seconds, *leases):
    """Look as often as it is due, for so long."""
    end = clock.seconds + seconds
    while clock.seconds < end:
        clock.seconds = min(end, clock.seconds + max(watch.remaining, POLL))
        watch.look(leases)


def test_what_is_seen_for_the_first_time_has_not_lapsed_however_old_it_may_be(watch):
    watch.look([DEAD])

    assert watch.lapsed() == ()


def test_a_lease_has_lapsed_once_it_stayed_the_same_for_as_long_as_it_lasts(watch, clock):
    watch.look([DEAD])
    look_on(watch, clock, LEASE - POLL, DEAD)
    before = watch.lapsed()
    look_on(watch, clock, POLL, DEAD)

    assert (before, watch.lapsed()) == ((), (DEAD,))


@pytest.mark.parametrize("set_by", [HOUR, -HOUR, 25 * HOUR])
def test_a_clock_that_is_set_ends_no_lease_and_lengthens_none(watch, clock, set_by):
    watch.look([DEAD])
    look_on(watch, clock, LEASE / 2, DEAD)
    clock.set_by = set_by
    look_on(watch, clock, LEASE / 2 - POLL, DEAD)
    before = watch.lapsed()
    look_on(watch, clock, POLL, DEAD)

    assert (before, watch.lapsed()) == ((), (DEAD,))


def test_a_lease_that_is_renewed_does_not_lapse(watch, clock):
    for renewals in range(9):
        look_on(watch, clock, LEASE / 3, Lease("1", "theirs", renewals, LEASE))

    assert watch.lapsed() == ()


def test_a_lease_that_another_process_took_over_is_a_new_one(watch, clock):
    look_on(watch, clock, LEASE - POLL, DEAD)
    look_on(watch, clock, LEASE - POLL, Lease(DEAD.id, "new", DEAD.renewals, LEASE))

    assert watch.lapsed() == ()


def test_a_lease_does_not_age_while_nobody_looks(watch, clock):
    """Whoever holds it may have been frozen with us, on the same machine."""
    watch.look([DEAD])
    clock.seconds += HOUR
    watch.look([DEAD])

    assert watch.lapsed() == ()


def test_what_is_in_hand_is_not_taken_over(watch, clock):
    watch.look([DEAD, OTHER])
    look_on(watch, clock, LEASE, DEAD, OTHER)

    assert watch.lapsed(except_for={DEAD.id}) == (OTHER,)


def test_a_lease_lasts_as_long_as_its_owner_says(watch, clock):
    long = Lease("3", "patient", 0, 10 * LEASE)
    watch.look([DEAD, long])
    look_on(watch, clock, LEASE, DEAD, long)

    assert watch.lapsed() == (DEAD,)


def test_looks_are_rare_until_a_lease_is_about_to_lapse(watch, clock):
    looks = 0
    watch.look([DEAD])
    while not watch.lapsed():
        clock.seconds += watch.remaining
        watch.look([DEAD])
        looks += 1

    assert (looks, clock.seconds) == (6, LEASE)
