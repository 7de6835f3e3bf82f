"""Change messages on a person's word: try again, or cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from quartapp.mail.outbox.decision import describe
from quartapp.mail.outbox.delivery import Recipient, Status, overall
from quartapp.mail.outbox.recipients import people_of
from quartapp.mail.outbox.record import write_recipients
from quartapp.mail.outbox.tables import messages, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["cancel", "retry", "stop"]

GIVEN_UP = (Status.FAILED, Status.UNCERTAIN)


async def retry(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> list[str]:
    """Make failed and uncertain messages due again, as if they were new; returns which.

    Only recipients that were not accepted are tried, and only while the bytes are there.
    """
    found = await _locked(connection, ids)
    again = [row.id for row in found if row.status in GIVEN_UP and not row.is_pruned]
    await connection.execute(
        update(messages)
        .where(messages.c.id.in_(again))
        .values(
            status=Status.QUEUED,
            due_at=now,
            since=now,
            first_attempt_at=None,
            outages=0,
            ended_at=None,
            expires_at=None,
        )
    )
    await connection.execute(
        update(recipients)
        .where(recipients.c.delivery_id.in_(again), recipients.c.status.in_(GIVEN_UP))
        .values(status=Status.QUEUED, due_at=now)
    )
    return again


async def cancel(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> list[str]:
    """Stop messages from being tried again; an attempt under way is left to end. Returns which."""
    found = await _locked(connection, ids)
    waiting = [row.id for row in found if row.due_at is not None]
    under_way = [row.id for row in found if row.status == Status.SENDING]
    await stop(connection, waiting, now)
    if under_way:
        wish = update(messages).where(messages.c.id.in_(under_way)).values(wants_cancel=True)
        await connection.execute(wish)
    return waiting + under_way


async def stop(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> None:
    """End messages that nobody is sending: what is still open is cancelled, the rest stays."""
    if not ids:
        return
    rows = []
    for delivery_id, people in (await people_of(connection, ids)).items():
        stopped = tuple(_stopped(recipient) for recipient in people)
        await write_recipients(connection, delivery_id, people, stopped)
        rows.append(
            {
                "id_": delivery_id,
                "status": overall(recipient.status for recipient in stopped),
                "detail": describe(stopped),
                "ended_at": now,
            }
        )
    await connection.execute(STOP, rows)


STOP = (
    update(messages)
    .where(messages.c.id == bindparam("id_"))
    .values(
        status=bindparam("status"),
        detail=bindparam("detail"),
        ended_at=bindparam("ended_at"),
        due_at=None,
        token=None,
        lease_until=None,
        wants_cancel=False,
    )
)


def _stopped(recipient: Recipient) -> Recipient:
    if recipient.status is Status.QUEUED:
        return replace(recipient, status=Status.CANCELLED, due_at=None)
    return replace(recipient, due_at=None)


async def _locked(
    connection: AsyncConnection, ids: Sequence[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The messages, kept from others until we commit; in one order, so that nobody deadlocks."""
    query = select(messages.c.id, messages.c.status, messages.c.due_at, messages.c.is_pruned)
    query = query.where(messages.c.id.in_(ids)).order_by(messages.c.id).with_for_update()
    return (await connection.execute(query)).all()
