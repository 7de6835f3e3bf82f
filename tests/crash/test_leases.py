"""A lease outlasts a slow server, and a process that wakes late does not rob itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.clock import HandClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from quartapp.mail import Mail

    Serve = Callable[..., AbstractAsyncContextManager[Mail]]

LEASE = 0.4


async def test_a_lease_lasts_for_as_long_as_the_server_takes(
    serve: Serve, server: SMTPServer, database_url: str
) -> None:
    server.delay(Phase.END_OF_DATA, 3 * LEASE, times=1)
    async with (
        serve(database_url, MAIL_LEASE=LEASE) as mail,
        serve(database_url, MAIL_LEASE=LEASE),
    ):
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)


async def test_a_process_that_wakes_late_does_not_take_over_its_own_messages(
    serve: Serve, server: SMTPServer, database_url: str
) -> None:
    clock = HandClock()
    server.stall(Phase.END_OF_DATA, times=1)
    async with serve(database_url, clock=clock) as mail:
        slow = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)

        clock.seconds += 2 * mail.settings.lease
        await mail.wait(await mail.send_later(message()), timeout=30)
        server.resume()
        done = await mail.wait(slow, timeout=30)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 2)
