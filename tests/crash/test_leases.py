"""A lease outlasts a slow server, and a process that wakes late does not rob itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.clock import HandClock
from tests.mail.outbox.sample import LATER, heir, judged

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail import Mail

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]

LEASE = 0.4
STEP = 10.0
"""Seconds: an observer looks at leases at least as often."""


async def test_a_lease_lasts_for_as_long_as_the_server_takes(
    serve: Serve, server: SMTPServer, migrated_url: str
) -> None:
    server.delay(Phase.END_OF_DATA, 5 * LEASE, times=1)
    async with serve(migrated_url, MAIL_LEASE=LEASE) as mail:
        slow = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)
        # It looks at all leases when it starts, and then at this one.
        async with serve(migrated_url, MAIL_LEASE=LEASE):
            done = await mail.wait(slow, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)


async def test_a_process_that_wakes_late_does_not_take_over_its_own_messages(
    serve: Serve, server: SMTPServer, migrated_url: str
) -> None:
    clock = HandClock()
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, clock=clock) as mail:
        slow = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)

        others = await pass_time(mail, clock, 4 * mail.settings.lease)
        server.resume()
        done = await mail.wait(slow, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1 + others)


async def test_a_message_still_in_hand_is_not_attempted_again_beside_it(
    serve: Serve, server: SMTPServer, migrated_url: str
) -> None:
    """It was taken over by another process, deferred there, and is due again."""
    clock = HandClock()
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(migrated_url, clock=clock) as mail:
        slow = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)
        [taken_over] = (await heir(mail.outbox)).claims
        await mail.outbox.record([judged(taken_over, mail.outbox.now(), LATER)])

        clock.seconds += 3600
        await mail.wait(await mail.send_later(message()), timeout=30)
        beside = await mail.get(slow.id)
        server.resume()
        done = await mail.wait(slow, timeout=30)

    assert beside is not None
    assert (beside.status, done.status, done.attempts) == (Status.QUEUED, Status.SENT, 2)


async def test_a_lease_lost_before_the_end_of_data_holds_nothing_up(
    serve: Serve, server: SMTPServer, migrated_url: str
) -> None:
    clock = HandClock()
    server.stall(Phase.DATA, times=1)
    async with serve(migrated_url, clock=clock) as mail:
        slow = await mail.send_later(message())
        await server.reached(Phase.DATA)

        clock.seconds += 2 * mail.settings.lease
        server.resume()
        done = await mail.wait(slow, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)


async def pass_time(mail: Mail, clock: HandClock, seconds: float) -> int:
    """Let time pass in steps, each with a message that is sent; returns how many."""
    steps = int(seconds / STEP)
    for _ in range(steps):
        clock.seconds += STEP
        await mail.wait(await mail.send_later(message()), timeout=30)
    return steps
