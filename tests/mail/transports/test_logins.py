"""Pauses of the login: one after a rejected password, later and later, shared through a store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail.server_settings import ServerSettings
from quartapp.mail.transports import LoginRejected, ServerOutage
from quartapp.mail.transports.logins import Logins, OwnStore

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
SETTINGS = ServerSettings(username="ada", password="wrong")


class Moment:
    """A time of day that goes on when it is told to."""

    def __init__(self):
        self.seconds = 0.0

    def now(self):
        """The time of day."""
        return BEGINNING + timedelta(seconds=self.seconds)


@pytest.fixture
def moment():
    return Moment()


@pytest.fixture
def process(moment):
    """Another process with the same store: `process()`."""
    store = OwnStore()
    return lambda settings=SETTINGS: Logins(settings, now=moment.now, store=store)


async def reject(logins):
    with pytest.raises(LoginRejected) as error:
        async with logins.attempt():
            raise LoginRejected("mail.example.com rejected the login (535 no)", code=535)
    return error.value


async def is_admitted(logins):
    try:
        async with logins.attempt():
            return True
    except ServerOutage:
        return False


async def test_after_a_rejected_login_no_process_logs_in_for_five_minutes(moment, process):
    await reject(process())

    for moment.seconds in (0, 299):
        assert not await is_admitted(process())
    moment.seconds = 300
    assert await is_admitted(process())


async def test_each_rejected_login_doubles_the_pause_up_to_an_hour(moment, process):
    pauses = []
    for _ in range(6):
        pauses.append((await reject(process())).pause)
        moment.seconds += pauses[-1]

    assert pauses == [300, 600, 1200, 2400, 3600, 3600]


async def test_the_pauses_are_those_of_the_settings(moment, process):
    settings = ServerSettings(
        username="ada", password="wrong", login_pause_first=10, login_pause_max=15
    )
    first = await reject(process(settings))
    moment.seconds = 10
    second = await reject(process(settings))

    assert (first.pause, second.pause) == (10, 15)


async def test_who_has_to_wait_is_told_why_and_for_how_long(moment, process):
    rejection = await reject(process())
    moment.seconds = 100
    with pytest.raises(ServerOutage) as error:
        async with process().attempt():
            pass

    assert "rejected the login (535 no); the next login is in 5" in str(rejection)
    assert "rejected the login (535 no)" in str(error.value)
    assert error.value.pause == 200


async def test_when_the_pause_is_over_one_process_logs_in(moment, process):
    await reject(process())
    moment.seconds = 300
    async with process().attempt():
        others = [await is_admitted(process()) for _ in range(3)]

    assert others == [False, False, False]
    assert all([await is_admitted(process()) for _ in range(3)])


async def test_the_first_login_of_all_goes_alone_too(process):
    begun, is_begun, rejected = [], asyncio.Event(), asyncio.Event()

    async def attempt(logins):
        async with logins.attempt():
            begun.append(logins)
            is_begun.set()
            await rejected.wait()
            raise LoginRejected("no", code=535)

    tasks = [asyncio.create_task(attempt(process())) for _ in range(10)]
    await is_begun.wait()
    rejected.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert len(begun) == 1
    assert {type(end) for end in ends} == {LoginRejected, ServerOutage}


async def test_once_one_is_accepted_they_go_at_the_same_time(process):
    assert await is_admitted(process())

    async with process().attempt(), process().attempt():
        pass


async def test_a_login_that_came_to_nothing_lets_the_next_one_go(moment, process):
    await reject(process())
    moment.seconds = 300
    with pytest.raises(ServerOutage):
        async with process().attempt():
            raise ServerOutage("refused the connection")

    assert (await reject(process())).pause == 600


async def test_a_process_that_died_while_it_logged_in_holds_up_the_others_for_minutes_only(
    moment, process
):
    dead = process().attempt()
    await dead.__aenter__()
    moment.seconds = 4 * SETTINGS.timeout

    assert await is_admitted(process())
    await dead.__aexit__(None, None, None)


async def test_a_restart_logs_in_at_once(moment, process):
    await reject(process())
    moment.seconds = 1
    restarted = process()
    restarted.restart()

    assert await is_admitted(restarted)


async def test_of_processes_that_are_restarted_together_one_logs_in(moment, process):
    await reject(process())
    moment.seconds = 1
    restarted = [process() for _ in range(4)]
    for each in restarted:
        each.restart()
    moment.seconds = 2
    await reject(restarted[0])

    assert [await is_admitted(each) for each in restarted] == [False] * 4


async def test_a_login_by_hand_ends_the_pause_for_everybody(process):
    waiting = process()
    await reject(waiting)
    before = await waiting.is_over()
    await process().accepted()

    assert (before, await waiting.is_over()) == (False, True)
    assert await is_admitted(waiting)


async def test_an_operator_has_one_login_made_at_once(process):
    await reject(process())
    await process().ask()

    assert (await reject(process())).pause == 600
    assert not await is_admitted(process())


async def test_after_an_accepted_login_pauses_begin_anew(moment, process):
    await reject(process())
    moment.seconds = 300
    assert await is_admitted(process())

    assert (await reject(process())).pause == 300


async def test_without_a_login_nothing_waits(process):
    settings = ServerSettings()
    await reject(process())

    assert await is_admitted(process(settings))
