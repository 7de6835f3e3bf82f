"""Phase by behaviour: where a message stands after the blow, how it ends, what the server got.

The whole table runs over SQLite, with pipelining, and without it from where the server has told
what it can. What a reply means is decided before any database is asked; a database stores what was
decided. So PostgreSQL gets each end of the table once: each that is different is stored in a
different way.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer, message
from tests.mail.outbox.sample import HandClock

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quartapp.mail import Delivery, Mail, Message

    House = AbstractAsyncContextManager[tuple[Mail, SMTPServer, HandClock]]

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
BOTH = (ADA, BOB)
QUEUED, SENT, FAILED, UNCERTAIN = Status.QUEUED, Status.SENT, Status.FAILED, Status.UNCERTAIN


class Stand(NamedTuple):
    """Where a message to Ada and Bob stands.

    waiting
        The recipients that will be retried.
    copies
        Whom the server took it for, copy by copy.
    is_blocked
        Whether the breaker is open.
    """

    status: Status
    attempts: int
    waiting: tuple[str, ...]
    copies: tuple[tuple[str, ...], ...]
    is_blocked: bool = False


class Fate(NamedTuple):
    """Where a message stands after the blow, and at the end, when the server is well again.

    connections
        How many it takes, at least.
    """

    then: Stand
    at_last: Stand
    connections: int = 1


AT_ONCE = Stand(SENT, 1, (), (BOTH,))
AGAIN = Stand(SENT, 2, (), (BOTH,))
NEVER = Stand(FAILED, 1, (), ())

GONE = Fate(AT_ONCE, AT_ONCE)
REPLACED = Fate(AT_ONCE, AT_ONCE, connections=2)
OUTAGE = Fate(Stand(QUEUED, 0, BOTH, (), is_blocked=True), AT_ONCE)
DEFERRED = Fate(Stand(QUEUED, 1, BOTH, ()), AGAIN)
REFUSED = Fate(NEVER, NEVER)
BOB_WAITS = Fate(Stand(QUEUED, 1, (BOB,), ((ADA,),)), Stand(SENT, 2, (), ((ADA,), (BOB,))))
FOLLOWED = Stand(SENT, 2, (), ((ADA,), (BOB,)))
BOB_FOLLOWS = Fate(FOLLOWED, FOLLOWED)
BOB_FAILED = Fate(Stand(FAILED, 1, (), ((ADA,),)), Stand(FAILED, 1, (), ((ADA,),)))
UNSURE = Fate(Stand(UNCERTAIN, 1, BOTH, (BOTH,)), Stand(SENT, 2, (), (BOTH, BOTH)))
UNSURE_UNTAKEN = Fate(Stand(UNCERTAIN, 1, BOTH, ()), AGAIN)
HELD = Fate(Stand(UNCERTAIN, 1, (), (BOTH,)), Stand(UNCERTAIN, 1, (), (BOTH,)))

BEHAVIOURS = ("drop", "stall", "garbage", "451", "550", "421")

# What each behaviour leads to, in the order of BEHAVIOURS.
FRESH: dict[Phase, tuple[Fate, ...]] = {
    Phase.CONNECT: (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE),
    Phase.GREETING: (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE),
    Phase.EHLO: (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE),
    Phase.STARTTLS: (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE),
    Phase.AUTH: (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE),
    Phase.MAIL: (DEFERRED, DEFERRED, DEFERRED, DEFERRED, REFUSED, OUTAGE),
    Phase.RCPT: (DEFERRED, DEFERRED, DEFERRED, BOB_WAITS, BOB_FAILED, OUTAGE),
    Phase.DATA: (DEFERRED, DEFERRED, DEFERRED, DEFERRED, REFUSED, OUTAGE),
    Phase.BODY: (DEFERRED, DEFERRED, DEFERRED, DEFERRED, REFUSED, OUTAGE),
    Phase.END_OF_DATA: (UNSURE, UNSURE, UNSURE, DEFERRED, REFUSED, OUTAGE),
    Phase.QUIT: (GONE, GONE, GONE, GONE, GONE, GONE),
}

# A reused connection found dead before DATA is replaced at once, and costs the message nothing.
REUSED: dict[Phase, tuple[Fate, ...]] = {
    Phase.NEXT: (REPLACED, REPLACED, GONE, GONE, GONE, REPLACED),
    Phase.RSET: (REPLACED, REPLACED, REPLACED, REPLACED, REPLACED, REPLACED),
    Phase.MAIL: (REPLACED, REPLACED, REPLACED, DEFERRED, REFUSED, REPLACED),
    Phase.RCPT: (REPLACED, REPLACED, REPLACED, BOB_WAITS, BOB_FAILED, OUTAGE),
    Phase.DATA: (DEFERRED, DEFERRED, DEFERRED, DEFERRED, REFUSED, OUTAGE),
}

# Replies that mean something else than their first digit says.
SPECIAL = [
    *((Phase.MAIL, code, OUTAGE) for code in ("500", "502", "503", "530", "538")),
    (Phase.MAIL, "504", REFUSED),
    *((phase, "530", OUTAGE) for phase in (Phase.RCPT, Phase.DATA, Phase.END_OF_DATA)),
    (Phase.MAIL, "354", DEFERRED),
    (Phase.RCPT, "452", BOB_FOLLOWS),
    (Phase.RCPT, "552", BOB_FAILED),
    (Phase.RCPT, "354", DEFERRED),
    (Phase.DATA, "250", DEFERRED),
    (Phase.END_OF_DATA, "354", UNSURE),
    (Phase.END_OF_DATA, "drop-untaken", UNSURE_UNTAKEN),
    (Phase.END_OF_DATA, "garbage-untaken", UNSURE_UNTAKEN),
    (Phase.END_OF_DATA, "hold-drop", HELD),
    (Phase.END_OF_DATA, "hold-stall", HELD),
    (Phase.BODY, "250", DEFERRED),
]


class Row(NamedTuple):
    """One cell of the table."""

    phase: Phase
    does: str
    is_reused: bool
    fate: Fate

    @property
    def settings(self) -> dict[str, Any]:
        """Short timeouts where somebody stalls, since they are waited for."""
        patience = 1 if self.does.endswith("stall") else 20
        return {
            "MAIL_TIMEOUT": patience,
            "MAIL_DATA_TIMEOUT": patience,
            "MAIL_MAX_EMAILS": 1 if self.phase is Phase.QUIT else 100,
            "MAIL_ON_UNCERTAIN": "hold" if self.does.startswith("hold") else "resend",
        }

    @property
    def needs_tls(self) -> bool:
        """Whether the phase comes only with STARTTLS and a login."""
        return self.phase in (Phase.STARTTLS, Phase.AUTH)

    @property
    def message(self) -> Message:
        """A written; where its body is interrupted, one that no socket's buffer can take whole."""
        written = message(recipients=list(BOTH))
        if self.phase is Phase.BODY:
            written.attach("large.bin", "application/octet-stream", bytes(4 << 20))
        return written

    def blow(self, server: SMTPServer) -> None:
        """Have the server do it, once; at RCPT to the second recipient."""
        when: dict[str, Any] = {"times": 1}
        if self.phase is Phase.RCPT:
            when["recipient"] = BOB
        if self.does.endswith("-untaken"):
            when["accepted"] = False
        match self.does.removeprefix("hold-").removesuffix("-untaken"):
            case "drop":
                server.drop(self.phase, **when)
            case "stall":
                server.stall(self.phase, **when)
            case "garbage":
                server.garbage(self.phase, **when)
            case code:
                server.answer(self.phase, f"{code} 1.2.3 so there", **when)


def rows() -> Iterator[Any]:
    """The cells of all tables."""
    for is_reused, table in ((False, FRESH), (True, REUSED)):
        for phase, fates in table.items():
            for does, fate in zip(BEHAVIOURS, fates, strict=True):
                yield cell(Row(phase, does, is_reused, fate))
    for phase, does, fate in SPECIAL:
        yield cell(Row(phase, does, is_reused=False, fate=fate))


def told() -> Iterator[Any]:
    """The cells in which the server has told its extensions when it happens."""
    before = (Phase.CONNECT, Phase.GREETING, Phase.EHLO)
    return (each for each in rows() if each.values[0].phase not in before)


def cell(row: Row) -> Any:
    return pytest.param(row, id=f"{'reused' if row.is_reused else 'fresh'}-{row.phase}-{row.does}")


def one_row_for_each_fate() -> Iterator[Any]:
    """The first cell of each kind."""
    seen: set[Fate] = set()
    for each in rows():
        if each.values[0].fate not in seen:
            seen.add(each.values[0].fate)
            yield each


@pytest.fixture(params=["pipelined", "one by one"])
def extensions(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What the server announces, and so whether we may run ahead of its answers."""
    return ("PIPELINING",) if request.param == "pipelined" else ()


@pytest.fixture
def house(
    extensions: tuple[str, ...],
    serve: Callable[..., AbstractAsyncContextManager[Mail]],
    migrated_url: str,
    server_context: ssl.SSLContext,
    ca_file: Path,
) -> Callable[[Row], House]:
    """A mail service, the server that it sends to, and the clock that both databases go by."""

    @asynccontextmanager
    async def living(row: Row) -> AsyncIterator[tuple[Mail, SMTPServer, HandClock]]:
        terms: dict[str, Any] = {"extensions": extensions}
        settings = row.settings
        if row.needs_tls:
            terms |= {"starttls": server_context, "users": {"ada": "secret"}}
            settings |= {"MAIL_USE_TLS": True, "MAIL_CA_FILE": str(ca_file)}
            settings |= {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "secret"}
        clock = HandClock()
        async with SMTPServer(**terms) as server:
            settings |= {"MAIL_PORT": server.port, "clock": clock}
            async with serve(migrated_url, **settings) as mail:
                yield mail, server, clock

    return living


async def before(row: Row, mail: Mail, server: SMTPServer) -> None:
    """Send a message to Eve first where the connection is to be a reused one, then strike."""
    if row.phase is Phase.NEXT:
        row.blow(server)
    if row.phase is Phase.RSET:
        server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=EVE)
    if row.is_reused:
        await mail.wait(await mail.send_later(message(recipients=[EVE])), timeout=20)
    if row.phase is not Phase.NEXT:
        row.blow(server)


async def stand(mail: Mail, server: SMTPServer, delivery: Delivery) -> Stand:
    """Where it stands now."""
    now = await mail.get(delivery.id)
    waiting = tuple(recipient.address for recipient in now.recipients if recipient.due_at)
    copies = tuple(copy.recipients for copy in server.messages if EVE not in copy.recipients)
    return Stand(now.status, now.attempts, waiting, copies, mail.worker.is_blocked)


async def check(row: Row, house: Callable[[Row], House]) -> None:
    """Have one cell happen, and compare."""
    async with house(row) as (mail, server, clock):
        await before(row, mail, server)
        delivery = await mail.send_later(row.message)
        await mail.drain()
        then = await stand(mail, server, delivery)

        server.resume()
        clock.go_on(timedelta(hours=2))
        await mail.drain()
        at_last = await stand(mail, server, delivery)

    assert then == row.fate.then
    assert at_last == row.fate.at_last
    assert server.connections >= row.fate.connections
    copies = [copy for copy in server.messages if EVE not in copy.recipients]
    assert {copy.message_id for copy in copies} <= {delivery.message_id}
    assert len({copy.content for copy in copies}) <= 1


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("extensions", "row"),
    [
        *(pytest.param("pipelined", *row.values, id=f"pipelined-{row.id}") for row in rows()),
        *(pytest.param("one by one", *row.values, id=f"one by one-{row.id}") for row in told()),
    ],
    indirect=["extensions"],
)
async def test_each_fault_at_each_phase_ends_as_the_table_says(row, house):
    await check(row, house)


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("extensions", ["pipelined"], indirect=True)
@pytest.mark.parametrize("row", list(one_row_for_each_fate()))
async def test_postgresql_stores_each_end_of_the_table(row, house):
    await check(row, house)


async def test_a_server_that_refuses_connections_costs_no_attempt(house):
    row = Row(Phase.CONNECT, "refuse", is_reused=False, fate=OUTAGE)
    async with house(row) as (mail, server, clock):
        await server.stop()
        delivery = await mail.send_later(row.message)
        await mail.drain()
        then = await stand(mail, server, delivery)

        await server.start()
        clock.go_on(timedelta(hours=2))
        await mail.drain()
        at_last = await stand(mail, server, delivery)

    assert (then, at_last) == (OUTAGE.then, OUTAGE.at_last)
