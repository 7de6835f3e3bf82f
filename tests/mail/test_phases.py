"""Phase by behaviour: what becomes of a letter wherever the conversation breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, letter

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.testing import SMTPServer

BRIEFLY = {"MAIL_TIMEOUT": 0.3, "MAIL_DATA_TIMEOUT": 0.3}
"""A server that stalls is given up soon."""


class Row(NamedTuple):
    """What a server does at a phase, and where that leaves the letter after one attempt."""

    phase: Phase
    does: str
    status: Status
    attempts: int
    copies: int
    is_trouble: bool = False


QUEUED, FAILED, UNCERTAIN = Status.QUEUED, Status.FAILED, Status.UNCERTAIN
TROUBLE = True

TABLE = [
    Row(Phase.CONNECT, "drop", QUEUED, 0, 0, TROUBLE),
    Row(Phase.GREETING, "drop", QUEUED, 0, 0, TROUBLE),
    Row(Phase.GREETING, "stall", QUEUED, 0, 0, TROUBLE),
    Row(Phase.GREETING, "garbage", QUEUED, 0, 0, TROUBLE),
    Row(Phase.GREETING, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.GREETING, "554 5.3.2 no", QUEUED, 0, 0, TROUBLE),
    Row(Phase.EHLO, "drop", QUEUED, 0, 0, TROUBLE),
    Row(Phase.EHLO, "stall", QUEUED, 0, 0, TROUBLE),
    Row(Phase.EHLO, "garbage", QUEUED, 0, 0, TROUBLE),
    Row(Phase.EHLO, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.EHLO, "550 5.7.1 no", QUEUED, 0, 0, TROUBLE),
    Row(Phase.MAIL, "drop", QUEUED, 1, 0),
    Row(Phase.MAIL, "stall", QUEUED, 1, 0),
    Row(Phase.MAIL, "garbage", QUEUED, 1, 0),
    Row(Phase.MAIL, "451 4.3.0 later", QUEUED, 1, 0),
    Row(Phase.MAIL, "550 5.1.0 no", FAILED, 1, 0),
    Row(Phase.MAIL, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.MAIL, "503 5.5.1 sequence", QUEUED, 0, 0, TROUBLE),
    Row(Phase.MAIL, "530 5.7.0 login first", QUEUED, 0, 0, TROUBLE),
    Row(Phase.RCPT, "drop", QUEUED, 1, 0),
    Row(Phase.RCPT, "stall", QUEUED, 1, 0),
    Row(Phase.RCPT, "garbage", QUEUED, 1, 0),
    Row(Phase.RCPT, "451 4.3.0 later", QUEUED, 1, 0),
    Row(Phase.RCPT, "552 5.5.3 too many", QUEUED, 1, 0),
    Row(Phase.RCPT, "550 5.1.1 no", FAILED, 1, 0),
    Row(Phase.RCPT, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.DATA, "drop", QUEUED, 1, 0),
    Row(Phase.DATA, "stall", QUEUED, 1, 0),
    Row(Phase.DATA, "garbage", QUEUED, 1, 0),
    Row(Phase.DATA, "451 4.3.0 later", QUEUED, 1, 0),
    Row(Phase.DATA, "554 5.5.1 no", FAILED, 1, 0),
    Row(Phase.DATA, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.DOT, "drop", UNCERTAIN, 1, 1),
    Row(Phase.DOT, "stall", UNCERTAIN, 1, 1),
    Row(Phase.DOT, "garbage", UNCERTAIN, 1, 1),
    Row(Phase.DOT, "451 4.3.0 later", QUEUED, 1, 0),
    Row(Phase.DOT, "554 5.7.1 no", FAILED, 1, 0),
    Row(Phase.DOT, "421 4.3.2 closing", QUEUED, 0, 0, TROUBLE),
    Row(Phase.QUIT, "drop", Status.SENT, 1, 1),
    Row(Phase.QUIT, "stall", Status.SENT, 1, 1),
]


def behave(server: SMTPServer, phase: Phase, does: str) -> None:
    scripted: dict[str, Callable[[Phase], None]] = {
        "drop": server.drop,
        "stall": server.stall,
        "garbage": server.garbage,
    }
    if does in scripted:
        scripted[does](phase)
    else:
        server.answer(phase, does)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.phase}-{row.does.split()[0]}")
async def test_a_letter_ends_where_the_table_says(row, serve, server, database_url):
    behave(server, row.phase, row.does)
    async with serve(database_url, **BRIEFLY) as mail:
        delivery = await mail.send_later(letter())
        await mail.drain()
        after = await mail.get(delivery.id)
        trouble = mail.post.is_blocked

    assert (after.status, after.attempts, trouble) == (row.status, row.attempts, row.is_trouble)
    assert len(server.letters) == row.copies
    assert {copy.message_id for copy in server.letters} <= {delivery.message_id}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.phase}-{row.does.split()[0]}")
async def test_a_letter_on_a_kept_connection_ends_no_worse(row, serve, server):
    async with serve(**BRIEFLY) as mail:
        await mail.wait(await mail.send_later(letter(subject="first")), timeout=10)
        behave(server, row.phase, row.does)
        delivery = await mail.send_later(letter(subject="second"))
        await mail.drain()
        after = await mail.get(delivery.id)

    is_before_opening = row.phase in (Phase.CONNECT, Phase.GREETING, Phase.EHLO)
    assert after.status is (Status.SENT if is_before_opening else row.status)
    assert after.attempts == (1 if is_before_opening else row.attempts)


@pytest.mark.parametrize("phase", [Phase.NEXT, Phase.MAIL, Phase.RCPT])
@pytest.mark.parametrize("does", ["drop", "stall", "garbage"])
async def test_a_kept_connection_found_dead_is_replaced_at_no_cost(phase, does, serve, server):
    async with serve(**BRIEFLY) as mail:
        await mail.wait(await mail.send_later(letter(subject="first")), timeout=10)
        behave_once = {"drop": server.drop, "stall": server.stall, "garbage": server.garbage}
        behave_once[does](phase, times=1)
        second = await mail.wait(await mail.send_later(letter(subject="second")), timeout=10)

    assert (second.status, second.attempts) == (Status.SENT, 1)
    assert len(server.letters) == 2
