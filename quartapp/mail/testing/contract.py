"""The conformance suite: tests that every transport passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quartapp.mail.message.encoding import Envelope
from quartapp.mail.transports import BreakerState, Result, ServerOutage

if TYPE_CHECKING:
    from quartapp.mail.transports import Outcome, Transport

__all__ = ["TransportContract"]

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
CONTENT = b"Subject: Tea\r\nMessage-ID: <1@example.com>\r\n\r\nTea is at four.\r\n"


class TransportContract:
    """Subclass it in a test module, with a fixture `transport` that gives your transport.

        class TestMyTransport(TransportContract):
            @pytest.fixture
            async def transport(self):
                transport = MyTransport()
                yield transport
                await transport.close()

    Its server accepts every message. The tests are coroutines: pytest-asyncio runs them, in its
    mode `auto` or with `pytestmark = pytest.mark.asyncio`.
    """

    def unreachable(self) -> Transport | None:
        """Override it to give a transport whose server is down; None tests no outage."""
        return None

    async def test_every_recipient_is_accepted(self, transport: Transport) -> None:
        outcome = await _send(transport, BOB, EVE)

        assert [*outcome.answers] == [BOB, EVE]
        assert {answer.result for answer in outcome.answers.values()} == {Result.ACCEPTED}
        assert outcome.reached

    async def test_one_session_sends_many_messages(self, transport: Transport) -> None:
        async with transport.session(is_exclusive=True) as session:
            outcomes = [await session.send(Envelope(ADA, (BOB,)), CONTENT) for _ in range(3)]

        assert [outcome.answers[BOB].result for outcome in outcomes] == [Result.ACCEPTED] * 3

    async def test_many_sessions_send_at_the_same_time(self, transport: Transport) -> None:
        names = [f"{number}@example.com" for number in range(20)]

        outcomes = await asyncio.gather(*(_send(transport, name) for name in names))

        assert [[*outcome.answers] for outcome in outcomes] == [[name] for name in names]

    async def test_the_end_of_data_is_announced_once(self, transport: Transport) -> None:
        announced = []

        async def before_end_of_data() -> None:
            announced.append(BOB)

        async with transport.session() as session:
            await session.send(Envelope(ADA, (BOB,)), CONTENT, before_end_of_data)

        assert announced == [BOB]

    async def test_an_error_before_the_end_of_data_stops_the_message(
        self, transport: Transport
    ) -> None:
        raised = None

        async def stop() -> None:
            raise LookupError("the claim was lost")

        try:
            async with transport.session() as session:
                await session.send(Envelope(ADA, (BOB,)), CONTENT, stop)
        except LookupError as error:
            raised = str(error)
        outcome = await _send(transport, BOB)

        assert raised == "the claim was lost"
        assert outcome.answers[BOB].result is Result.ACCEPTED

    async def test_a_cancelled_message_leaves_the_transport_usable(
        self, transport: Transport
    ) -> None:
        reached = asyncio.Event()

        async def wait_for_ever() -> None:
            reached.set()
            await asyncio.Event().wait()

        async def send() -> None:
            async with transport.session() as session:
                await session.send(Envelope(ADA, (BOB,)), CONTENT, wait_for_ever)

        task = asyncio.create_task(send())
        await reached.wait()
        task.cancel()
        await asyncio.wait([task])
        outcome = await _send(transport, BOB)

        assert task.cancelled()
        assert outcome.answers[BOB].result is Result.ACCEPTED

    async def test_its_figures_count_what_is_in_use(self, transport: Transport) -> None:
        async with transport.session():
            during = transport.figures
        after = transport.figures

        assert (during.busy, after.busy) == (1, 0)
        assert during.busy + during.idle <= during.limit

    async def test_its_breaker_is_closed_while_the_server_works(self, transport: Transport) -> None:
        await _send(transport, BOB)

        assert (transport.breaker.state, transport.breaker.outage) == (BreakerState.CLOSED, None)

    async def test_it_can_be_closed_twice(self, transport: Transport) -> None:
        await _send(transport, BOB)

        await transport.close()
        await transport.close()

        assert transport.figures.busy == 0

    async def test_it_sends_again_after_it_was_closed(self, transport: Transport) -> None:
        await _send(transport, BOB)
        await transport.close()

        outcome = await _send(transport, BOB)

        assert outcome.answers[BOB].result is Result.ACCEPTED

    async def test_an_outage_opens_its_breaker(self) -> None:
        transport = self.unreachable()
        if transport is None:
            return
        outage = await _outage(transport)
        breaker = transport.breaker
        await transport.close()

        assert outage
        assert (breaker.state, breaker.outage) == (BreakerState.OPEN, outage)
        assert breaker.remaining > 0

    async def test_messages_during_an_outage_are_rejected(self) -> None:
        transport = self.unreachable()
        if transport is None:
            return
        outages = [await _outage(transport) for _ in range(2)]
        await transport.close()

        assert all(outages)


async def _send(transport: Transport, *recipients: str) -> Outcome:
    async with transport.session() as session:
        return await session.send(Envelope(ADA, recipients), CONTENT)


async def _outage(transport: Transport) -> str:
    try:
        await _send(transport, BOB)
    except ServerOutage as outage:
        return str(outage)
    return ""
