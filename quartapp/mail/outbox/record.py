"""Record decisions: many in one transaction, and only where the claim is still valid."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from quartapp.mail.outbox import counts
from quartapp.mail.outbox.recipients import changes
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import attempts, messages, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.decision import Decision
    from quartapp.mail.outbox.delivery import Recipient
    from quartapp.mail.outbox.workers import WorkerId

    Recipients = tuple[Recipient, ...]

__all__ = ["record"]

AT_ONCE = 500
"""Rows that are given to the driver together."""


async def record(
    connection: AsyncConnection, decisions: Sequence[Decision], worker: WorkerId
) -> list[Decision]:
    """Write the decisions whose claims are still ours, and return those, as they were written.

    worker
        Who counts them, see `counts.add`.

    A message that was cancelled meanwhile is not retried. A claim that was taken over changes no
    row: its token is no longer there.
    """
    cancelled = await _locked(connection, decisions)
    ours = [
        decision.cancelled() if cancelled[_owner(decision)] else decision
        for decision in decisions
        if _owner(decision) in cancelled
    ]
    plain = [decision for decision in ours if _is_plain(decision)]
    held = [decision for decision in ours if decision.is_held]
    others = [decision for decision in ours if not (decision.is_held or _is_plain(decision))]
    await _write(connection, UPDATE_SENT, [_sent(decision) for decision in plain])
    await _write(connection, UPDATE_HELD, [_held(decision) for decision in held])
    await _write(connection, UPDATE_MESSAGE, [_message(decision) for decision in others])
    changes = (row for each in ours for row in _recipients(each))
    await _write(connection, UPDATE_RECIPIENT, changes)
    await _write(
        connection, INSERT_ATTEMPT, [_attempt(each, worker) for each in ours if _is_listed(each)]
    )
    counted = ((counts.counted_as(decision), decision.at) for decision in ours)
    await counts.add(connection, worker, ((count, at) for count, at in counted if count))
    return ours


async def _locked(
    connection: AsyncConnection, decisions: Sequence[Decision]
) -> dict[tuple[str, str | None], bool]:
    """For each message and the token that it has now: whether it is to be cancelled."""
    ids = [decision.claim.id for decision in decisions]
    rows = await connection.execute(LOCK, {"ids": ids})
    return {(row.id, row.token): row.wants_cancel for row in rows}


def _owner(decision: Decision) -> tuple[str, str | None]:
    return decision.claim.id, decision.claim.token


async def _write(
    connection: AsyncConnection, statement: Any, rows: Iterable[dict[str, Any]]
) -> None:
    rest = iter(rows)
    while some := list(islice(rest, AT_ONCE)):
        await connection.execute(statement, some)


# In one order, so that two processes that lock the same messages do not deadlock.
LOCK = (
    select(messages.c.id, messages.c.token, messages.c.wants_cancel)
    .where(messages.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(messages.c.id)
    .with_for_update()
)

OURS = (messages.c.id == bindparam("id_"), messages.c.token == bindparam("token_"))
FREE: dict[str, Any] = {
    "token": None,
    "renewals": None,
    "lease": None,
    "intent_at": None,
    "wants_cancel": False,
}

# For the usual result: parameters are what a statement costs, and this one has few.
UPDATE_SENT = (
    update(messages)
    .where(*OURS)
    .values(
        status=Status.SENT,
        due_at=None,
        is_retry=True,
        attempts=messages.c.attempts + 1,
        first_attempt_at=func.coalesce(messages.c.first_attempt_at, bindparam("at_")),
        outages=0,
        sent_at=bindparam("at_"),
        ended_at=bindparam("at_"),
        detail="",
        **FREE,
    )
)

UPDATE_MESSAGE = (
    update(messages)
    .where(*OURS)
    .values(
        status=bindparam("status"),
        due_at=bindparam("due_at"),
        deferred_at=bindparam("at_"),
        is_retry=bindparam("is_retry"),
        attempts=bindparam("attempts"),
        first_attempt_at=bindparam("first_attempt_at"),
        outages=bindparam("outages"),
        sent_at=bindparam("sent_at"),
        ended_at=bindparam("ended_at"),
        detail=bindparam("detail"),
        **FREE,
    )
)

# The lease runs on. An intent was that of the end of data which is over.
UPDATE_HELD = (
    update(messages)
    .where(*OURS)
    .values(
        attempts=bindparam("attempts"),
        first_attempt_at=bindparam("first_attempt_at"),
        outages=0,
        detail=bindparam("detail"),
        intent_at=None,
    )
)

UPDATE_RECIPIENT = (
    update(recipients)
    .where(
        recipients.c.delivery_id == bindparam("delivery_id_"),
        recipients.c.position == bindparam("position_"),
    )
    .values(
        status=bindparam("status"),
        code=bindparam("code"),
        reply=bindparam("reply"),
        reply_of=bindparam("reply_of"),
        due_at=bindparam("due_at"),
    )
)

INSERT_ATTEMPT = insert(attempts)


def _is_plain(decision: Decision) -> bool:
    """Whether every recipient accepted it, and there is nothing more to record."""
    return decision.status is Status.SENT and decision.counts and not decision.detail


def _sent(decision: Decision) -> dict[str, Any]:
    return {"id_": decision.claim.id, "token_": decision.claim.token, "at_": decision.at}


def _held(decision: Decision) -> dict[str, Any]:
    return {
        "id_": decision.claim.id,
        "token_": decision.claim.token,
        "attempts": decision.attempts,
        "first_attempt_at": decision.first_attempt_at,
        "detail": decision.detail,
    }


def _message(decision: Decision) -> dict[str, Any]:
    return {
        "id_": decision.claim.id,
        "token_": decision.claim.token,
        "status": decision.status,
        "due_at": decision.due_at,
        "at_": decision.at,
        "is_retry": decision.attempts > 0,
        "attempts": decision.attempts,
        "first_attempt_at": decision.first_attempt_at,
        "outages": decision.outages,
        "sent_at": decision.sent_at,
        "ended_at": decision.at if decision.is_final else None,
        "detail": decision.detail,
    }


def _recipients(decision: Decision) -> Iterator[dict[str, Any]]:
    return _changes(decision.claim.id, decision.claim.recipients, decision.recipients)


def _changes(delivery_id: str, before: Recipients, after: Recipients) -> Iterator[dict[str, Any]]:
    for position, stored in changes(before, after):
        yield {"delivery_id_": delivery_id, "position_": position, **stored._asdict()}


def _is_listed(decision: Decision) -> bool:
    """Whether the attempt is stored in the history: all but those that simply succeeded."""
    return decision.counts and bool(decision.detail)


def _attempt(decision: Decision, worker: WorkerId) -> dict[str, Any]:
    return {
        "delivery_id": decision.claim.id,
        "number": decision.attempts,
        "queue": worker.queue,
        "ended_at": decision.at,
        "status": decision.status,
        "detail": decision.detail,
        "reply": decision.reply,
    }
