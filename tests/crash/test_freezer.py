"""A process that is frozen past its lease finds, when it wakes, that its message is not its own."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Attachment, Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.freezing import freeze, thaw
from tests.crash.looking import dump, ended

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail import Delivery, Mail, Message
    from tests.crash.conftest import Start

    Oversleep = Callable[[Message, Phase], Awaitable[tuple[Delivery, object]]]

LOST = "(lease on message .* ended|message .* was taken over)"


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Leases that end very soon, and patience with the server beyond them."""
    return settings | {"MAIL_LEASE": "0.6s", "MAIL_TIMEOUT": "30s"}


@pytest.fixture
def oversleep(
    start: Start, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> Oversleep:
    """Freeze who sends a message, in a phase, until another has dealt with it; then let it wake.

    Returns the message and all rows as they were when the sleeper woke.
    """

    async def oversleep(message: Message, phase: Phase) -> tuple[Delivery, object]:
        server.stall(phase, times=1)
        delivery = await keeper.send_later(message)
        sleeper = start("quartapp", "mail", "work", **settings)
        await server.reached(phase, timeout=30)
        await freeze(sleeper, keeper)
        start("quartapp", "mail", "work", **settings)
        done = await ended(keeper, delivery)
        rows = await dump(keeper)
        server.resume()
        thaw(sleeper)
        await sleeper.says(LOST)
        sleeper.send(signal.SIGTERM)
        assert await sleeper.end() == 0
        return done, rows

    return oversleep


def large_message() -> Message:
    """A message that does not fit into the buffers between here and a server that stalls."""
    content = Attachment("photo.jpg", "image/jpeg", bytes(8 * 1024 * 1024))
    return message(attachments=[content])


@pytest.mark.parametrize("phase", [Phase.DATA, Phase.BODY])
async def test_frozen_before_the_end_of_data_it_sends_no_second_copy(
    oversleep: Oversleep, keeper: Mail, server: SMTPServer, phase: Phase
) -> None:
    done, rows = await oversleep(large_message(), phase)

    assert (done.status, done.attempts, len(server.messages)) == (Status.SENT, 1, 1)
    assert await dump(keeper) == rows


async def test_frozen_after_the_end_of_data_it_changes_no_row(
    oversleep: Oversleep, keeper: Mail, server: SMTPServer
) -> None:
    done, rows = await oversleep(message(), Phase.END_OF_DATA)

    assert (done.status, done.attempts) == (Status.SENT, 1)
    assert [each.content for each in server.messages] == [server.messages[0].content] * 2
    assert await dump(keeper) == rows


async def test_frozen_after_the_end_of_data_a_held_message_is_not_sent_again(
    oversleep: Oversleep, keeper: Mail, server: SMTPServer, settings: dict[str, Any]
) -> None:
    settings["MAIL_ON_UNCERTAIN"] = "hold"

    held, rows = await oversleep(message(), Phase.END_OF_DATA)

    assert (held.status, held.due_at, len(server.messages)) == (Status.UNCERTAIN, None, 1)
    assert await dump(keeper) == rows
