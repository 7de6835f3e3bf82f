"""The time of day by which messages are due: the database's where it has a clock of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail.outbox.wall_time import GOOD_FOR, WallTime
from tests.crash.clock import HandClock

HOUR = timedelta(hours=1)
THEIRS = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Counted:
    """A database with a clock, which counts how often it is read."""

    is_sqlite = False
    readings = 0

    @asynccontextmanager
    async def reading(self):
        """A connection, and the result of what is executed on it."""
        self.readings += 1
        yield self

    async def execute(self, _statement):
        """Whatever is asked."""
        return self

    def scalar_one(self):
        """What the clock says."""
        return THEIRS


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def wall(clock):
    return WallTime(clock, lambda: None)


def test_where_the_database_has_no_clock_our_own_is_followed(wall, clock):
    clock.set_by = -3600

    assert wall.now() == clock.now()


@pytest.mark.parametrize("set_by", [90, 3600, -3600])
def test_the_databases_time_goes_on_while_our_clock_is_set(wall, clock, set_by):
    wall.set(THEIRS)
    wall.has_gone_back()

    clock.set_by = set_by
    clock.seconds += 30

    assert wall.now() == THEIRS + timedelta(seconds=30)


async def test_the_databases_clock_is_read_again_once_a_minute(clock):
    database = Counted()
    wall = WallTime(clock, lambda: database)
    readings = []
    for seconds in (0, 1, GOOD_FOR - 2, 1):
        clock.seconds += seconds
        await wall.keep()
        readings.append(database.readings)

    assert readings == [1, 1, 1, 2]


def test_a_clock_that_was_set_back_is_noticed_once(wall, clock):
    noticed = [wall.has_gone_back()]
    for set_by in (0, 3600, 0, 0):
        clock.seconds += 1
        clock.set_by = set_by
        noticed.append(wall.has_gone_back())

    assert noticed == [True, False, False, True, False]


def test_a_database_that_was_set_back_is_noticed(wall, clock):
    wall.set(THEIRS)
    wall.has_gone_back()
    clock.seconds += 60

    wall.set(THEIRS - HOUR)

    assert wall.has_gone_back()
