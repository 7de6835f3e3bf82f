"""What a transport starts outlives the request that it is started in, and must not hold it."""

from __future__ import annotations

from quartapp.mail.testing import Phase
from tests.mail.requests import Request
from tests.mail.transports.sample import send


async def test_an_idle_connection_does_not_hold_the_request(transport):
    request = Request()

    await request.run(send(transport))

    assert "0 busy, 1 idle" in repr(transport)
    assert not await request.is_held()


async def test_a_connection_that_is_being_closed_does_not_hold_the_request(connect, server):
    request = Request()
    server.stall(Phase.QUIT)
    async with connect(max_emails=1) as transport:
        await request.run(send(transport))
        await server.reached(Phase.QUIT)

        assert not await request.is_held()
