"""Every way to run the app meets every way to end it."""

from __future__ import annotations

import re
import signal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.crash.looking import ended

if TYPE_CHECKING:
    from quartapp.mail import Delivery, Mail
    from tests.crash.command import Command
    from tests.crash.conftest import Start

CONFIG = str(Path(__file__).parents[2] / "config.toml")
HYPERCORN = ("hypercorn", "-c", CONFIG, "-b", "127.0.0.1:0")
WORKERS = (*HYPERCORN, "-w", "2", "quartapp.asgi:app")
QUART = ("quart", "--app", "quartapp", "run", "--port", "0")
QUART_RELOADING = (*QUART, "--reload")
WAYS = {
    "hypercorn -w 0": (*HYPERCORN, "quartapp.asgi:app"),
    "hypercorn -w 2": WORKERS,
    "quart run": QUART,
    "quart run --reload": QUART_RELOADING,
    "quartapp run": ("quartapp", "run", "--port", "0"),
    "quartapp run --reload": ("quartapp", "run", "--port", "0", "--reload"),
    "quartapp mail work": ("quartapp", "mail", "work"),
}
SLOW = 0.9
"""How long the server takes to answer an end of data, in seconds: longer than a lease."""

HAS_NEWER_QUART = version("quart") >= "0.23"

each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
# Newer ones leave the process that serves alone on SIGTERM, and start a failing one for ever.
each_way_that_stops = pytest.mark.parametrize(
    "way",
    [
        pytest.param(way, id=name)
        for name, way in WAYS.items()
        if not (HAS_NEWER_QUART and way is QUART_RELOADING)
    ],
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite: what is tested here is the same on both."""
    return sqlite_url


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Leases that end before the server answers."""
    return settings | {"MAIL_LEASE": "0.6s", "MAIL_TIMEOUT": "30s"}


@pytest.fixture
async def early(keeper: Mail) -> Delivery:
    """A message that is queued."""
    return await keeper.send_later(message(recipients=["early@example.com"]))


@pytest.fixture
async def late(keeper: Mail, server: SMTPServer) -> Delivery:
    """A message that is queued, and whose recipient the server thinks about for ever."""
    server.stall(Phase.RCPT, recipient="late@example.com", times=1)
    return await keeper.send_later(message(recipients=["late@example.com"]))


def terminate(command: Command) -> None:
    """Stop as Kubernetes does."""
    command.send(signal.SIGTERM)


def terminate_all(command: Command) -> None:
    """Stop as systemd does."""
    command.send_to_group(signal.SIGTERM)


def interrupt(command: Command) -> None:
    """Stop as Ctrl-C does."""
    command.send_to_group(signal.SIGINT)


@each_way_that_stops
@pytest.mark.parametrize("stop", [terminate, terminate_all, interrupt])
async def test_a_graceful_stop_waits_for_pending_replies_and_releases_the_rest(
    way, stop, start: Start, keeper: Mail, server: SMTPServer, settings, early, late
) -> None:
    server.delay(Phase.END_OF_DATA, SLOW)
    # Also for the other worker, who may not have heard of the end when the message is given back.
    server.stall(Phase.RCPT, recipient="late@example.com")
    process = start(*way, **settings)
    await server.reached(Phase.END_OF_DATA, timeout=30)
    await server.reached(Phase.RCPT, times=2)

    stop(process)
    code = await process.end()

    sent, waiting = await keeper.get(early.id), await keeper.get(late.id)
    assert code == success(way), process.said
    assert (sent.status, sent.attempts, len(server.messages)) == (Status.SENT, 1, 1)
    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 0)


@each_way
async def test_after_kill_9_the_next_process_sends_what_was_left(
    way, start: Start, keeper: Mail, server: SMTPServer, settings, early, late
) -> None:
    server.stall(Phase.END_OF_DATA, times=1)
    process = start(*way, **settings)
    await server.reached(Phase.END_OF_DATA, timeout=30)
    await server.reached(Phase.RCPT, times=2)

    await process.kill()
    start(*way, **settings)
    done = [await ended(keeper, early), await ended(keeper, late)]

    copies = sorted(copy.recipients[0] for copy in server.messages)
    assert [delivery.status for delivery in done] == [Status.SENT, Status.SENT]
    assert copies == ["early@example.com", "early@example.com", "late@example.com"]


async def test_after_kill_9_between_two_transactions_none_that_was_recorded_is_asked_again(
    start: Start, keeper: Mail, server: SMTPServer, settings
) -> None:
    work, one_each = WAYS["quartapp mail work"], settings | {"MAIL_MAX_RECIPIENTS": 1}
    server.stall(Phase.MAIL, nth=2)
    delivery = await keeper.send_later(
        message(recipients=["first@example.com", "next@example.com"])
    )
    process = start(*work, **one_each)
    await server.reached(Phase.MAIL, times=2)

    await process.kill()
    start(*work, **one_each)
    done = await ended(keeper, delivery)

    assert (done.status, done.attempts) == (Status.SENT, 2)
    copies = [copy.recipients for copy in server.messages]
    assert copies == [("first@example.com",), ("next@example.com",)]


@each_way_that_stops
async def test_on_an_old_schema_it_does_not_start_and_says_what_to_do(
    way, start: Start, settings, tmp_path: Path
) -> None:
    old = settings | {"DATABASE_URL": f"sqlite:///{tmp_path}/old.sqlite"}

    process = start(*way, **old)
    code = await process.end()

    assert re.search("run .*(db|mail) upgrade", process.said)
    assert code == failure(way)


@each_way
async def test_with_a_bad_setting_it_does_not_start_and_says_what_to_do(
    way, start: Start, settings
) -> None:
    process = start(*way, **settings, MAIL_USETLS="1")
    code = await process.end()

    assert "MAIL_USE_TLS" in process.said
    assert code == failure(way)


def success(way: tuple[str, ...]) -> int:
    """The exit code of a graceful stop: newer versions of Quart's own server call it 3."""
    return 3 if HAS_NEWER_QUART and way is QUART else 0


def failure(way: tuple[str, ...]) -> int:
    """The exit code of a failed start: hypercorn forgets it where it has worker processes."""
    return 0 if way is WORKERS else 1
