"""Change messages at a person's request: retry or cancel."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, or_, select, update

from quartapp.mail.outbox import counts
from quartapp.mail.outbox.decision import describe
from quartapp.mail.outbox.query.find import Filter, find
from quartapp.mail.outbox.recipients import in_groups, recipients_of
from quartapp.mail.outbox.states import STATES, Action, Status, allowing, overall
from quartapp.mail.outbox.tables import messages, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.workers import WorkerId

__all__ = ["cancel", "retry", "stop"]

AT_ONCE = 500
"""Ids in one statement."""

ASKED = (
    messages.c.id,
    messages.c.recipient_count,
    messages.c.status,
    messages.c.due_at,
    messages.c.wants_cancel,
)
"""What decides whether a message may be changed."""


async def retry(
    connection: AsyncConnection, ids: Sequence[str], now: datetime, queue: str
) -> list[str]:
    """Make failed and uncertain messages of a queue due again, as if they were new; returns which.

    Only to recipients that did not accept them.
    """
    changed: list[str] = []
    for some in _in_order(ids):
        found = await _locked(connection, some, queue)
        if again := [row.id for row in found if _allows(row, Action.RETRY)]:
            await _queue_again(connection, again, now)
            changed += again
    return changed


async def _queue_again(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> None:
    await connection.execute(
        update(messages)
        .where(messages.c.id.in_(ids))
        .values(
            status=Status.QUEUED,
            due_at=now,
            deferred_at=now,
            since=now,
            first_attempt_at=None,
            outages=0,
            ended_at=None,
            expires_at=None,
        )
    )
    await connection.execute(
        update(recipients)
        .where(recipients.c.delivery_id.in_(ids), recipients.c.status.in_(allowing(Action.RETRY)))
        .values(status=Status.QUEUED, due_at=now)
    )


async def cancel(
    connection: AsyncConnection, ids: Sequence[str], now: datetime, worker: WorkerId
) -> tuple[list[str], list[Delivery]]:
    """Stop further attempts at messages; one in progress will finish.

    worker
        Whose queue it is; it counts them, see `counts.add`.

    Returns which, and those of them that ended here.
    """
    changed: list[str] = []
    waiting: list[Row[*tuple[Any, ...]]] = []
    for some in _in_order(ids):
        rows = await _locked(connection, some, worker.queue)
        found = [row for row in rows if _allows(row, Action.CANCEL)]
        changed += [row.id for row in found]
        waiting += [row for row in found if row.status != Status.SENDING]
        in_progress = [row.id for row in found if row.status == Status.SENDING]
        if in_progress:
            mark = update(messages).where(messages.c.id.in_(in_progress)).values(wants_cancel=True)
            await connection.execute(mark)
    return changed, await stop(connection, waiting, now, worker)


async def stop(
    connection: AsyncConnection,
    rows: Iterable[Row[*tuple[Any, ...]]],
    now: datetime,
    worker: WorkerId,
) -> list[Delivery]:
    """End messages that no worker holds: their queued recipients are cancelled, the rest stays.

    rows
        With `id` and `recipient_count`.

    Returns them as they are then.
    """
    stopped: list[Delivery] = []
    for ids in in_groups(rows):
        stopped += await _stop(connection, ids, now)
    if stopped:
        await counts.add(connection, worker, [(counts.Count.CANCELLED, now)] * len(stopped))
    return stopped


async def _stop(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> list[Delivery]:
    rows = []
    for delivery_id, before in (await recipients_of(connection, ids)).items():
        stopped = tuple(recipient.stopped() for recipient in before)
        rows.append(
            {
                "id_": delivery_id,
                "status": overall(recipient.status for recipient in stopped),
                "detail": describe(stopped),
                "ended_at": now,
            }
        )
    await connection.execute(STOP, rows)
    await connection.execute(STOP_RECIPIENTS, {"ids": ids})
    return await find(connection, Filter(ids=ids), limit=len(ids))


STOP = (
    update(messages)
    .where(messages.c.id == bindparam("id_"))
    .values(
        status=bindparam("status"),
        detail=bindparam("detail"),
        ended_at=bindparam("ended_at"),
        due_at=None,
        token=None,
        renewals=None,
        lease=None,
        wants_cancel=False,
    )
)


# As `Recipient.stopped` does; one by one it would take seconds for ten thousand.
STOP_RECIPIENTS = (
    update(recipients)
    .where(
        recipients.c.delivery_id.in_(bindparam("ids", expanding=True)),
        or_(recipients.c.status == Status.QUEUED, recipients.c.due_at.is_not(None)),
    )
    .values(
        status=case(
            (recipients.c.status == Status.QUEUED, Status.CANCELLED), else_=recipients.c.status
        ),
        due_at=None,
    )
)


def _in_order(ids: Iterable[str]) -> Iterator[list[str]]:
    """As many ids as a statement takes, in one order, so that no two callers deadlock."""
    rest = iter(sorted(set(ids)))
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _allows(row: Row[*tuple[Any, ...]], action: Action) -> bool:
    return STATES[Status(row.status)].allows(
        action, due_at=row.due_at, wants_cancel=row.wants_cancel
    )


async def _locked(
    connection: AsyncConnection, ids: Sequence[str], queue: str
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The messages, locked until we commit; in one order, so that no two callers deadlock."""
    query = select(*ASKED).where(messages.c.id.in_(ids), messages.c.queue == queue)
    query = query.order_by(messages.c.id)
    return (await connection.execute(query.with_for_update())).all()
