"""Leases in the process that holds them: by message and owner, and by elapsed time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quartapp.mail.delivery.database_outage import DatabaseOutage
from quartapp.mail.delivery.leases import LeaseLost, Leases
from tests.crash.clock import HandClock
from tests.mail.delivery.sample import claim_of

LEASE = 60.0


class Renewed:
    """An outbox in which all claims but the lost ones are renewed."""

    def __init__(self) -> None:
        self.lost = set()

    async def renew(self, claims):
        """Renew them."""
        return {claim.key for claim in claims} - self.lost


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def outbox():
    return Renewed()


@pytest.fixture
def leases(outbox, clock):
    return Leases(outbox, LEASE, clock, DatabaseOutage(clock))


def test_a_lease_ends_by_elapsed_time(leases, clock):
    claim = claim_of("ada@example.com")
    leases.add(claim, clock.elapsed())

    clock.seconds += LEASE

    with pytest.raises(LeaseLost):
        leases.check(claim)


@pytest.mark.parametrize("set_by", [3600, -3600, 25 * 3600])
def test_a_lease_does_not_end_when_the_clock_is_set(leases, clock, set_by):
    claim = claim_of("ada@example.com")
    leases.add(claim, clock.elapsed())
    clock.set_by = set_by

    clock.seconds += LEASE - 1

    leases.check(claim)


def test_the_end_of_an_old_claim_drops_no_newer_one(leases, clock):
    old = claim_of("ada@example.com")
    new = replace(old, token="new")
    leases.add(old, clock.elapsed())
    leases.add(new, clock.elapsed())

    leases.drop(old)

    leases.check(new)


def test_an_old_claim_does_not_pass_for_a_newer_one(leases, clock):
    old = claim_of("ada@example.com")
    leases.add(replace(old, token="new"), clock.elapsed())

    with pytest.raises(LeaseLost):
        leases.check(old)


async def test_a_claim_that_could_not_be_renewed_is_lost_at_once(leases, outbox, clock):
    kept, lost = claim_of("ada@example.com"), replace(claim_of("bob@example.com"), id="2")
    for claim in (kept, lost):
        leases.add(claim, clock.elapsed())
    outbox.lost = {lost.key}

    await leases.renew()

    assert (leases.holds(kept), leases.holds(lost)) == (True, False)
