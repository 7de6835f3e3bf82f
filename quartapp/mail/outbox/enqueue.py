"""Enqueue a message: rows in the caller's transaction, none of them sent before it commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quartapp.database.columns import is_storable
from quartapp.mail.choices import SUPPRESSED, Priority
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.counts import add_suppressed
from quartapp.mail.outbox.delivery import Delivery, Recipient
from quartapp.mail.outbox.ids import new_id
from quartapp.mail.outbox.insert import insert
from quartapp.mail.outbox.keys import first_with, sign
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.subject import beginning
from quartapp.mail.outbox.workers import WorkerId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.clock import Turns
    from quartapp.mail.message.encoding import Encoded

__all__ = ["NewMessage", "enqueue", "enqueue_all"]

LONGEST_KEY = 500
"""Characters; PostgreSQL indexes no text of more than 2,700 bytes."""

PRIORITIES = [str(priority) for priority in Priority]
CHOICES = "{!r}, {!r} or {!r}".format(*PRIORITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A finished message and what its sender wants of the outbox.

    due_at
        Not to be sent before.
    expires_at
        Not to be sent after; None for never.
    key
        The sender's own name for it, so that asking twice stores it once.
    priority
        A `Priority`, or its name.
    """

    encoded: Encoded
    queue: str
    backend: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None = None
    key: str | None = None
    priority: str = Priority.NORMAL
    template: str | None = None
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if self.priority not in PRIORITIES:
            raise MailError(f"priority= is {self.priority!r}: give {CHOICES}")
        if self.key is not None:
            _check_key(self.key)

    @property
    def next_at(self) -> datetime:
        """When a dispatcher must look at it: when it is due, or before if it expires sooner."""
        return min(self.due_at, self.expires_at) if self.expires_at else self.due_at

    @property
    def is_over(self) -> bool:
        """Whether it ends as it is stored: nobody will send it, and nobody has to wait for it."""
        return self.backend == SUPPRESSED and self.created_at == self.due_at == self.next_at


def _check_key(key: str) -> None:
    if not (isinstance(key, str) and key):
        raise MailError(f"the key is {key!r}: give a text, or None for a message without")
    if len(key) > LONGEST_KEY:
        raise MailError(f"the key has {len(key)} characters: give at most {LONGEST_KEY}")
    if not is_storable(key):
        raise MailError(f"the key {key!r} has a character that no database stores: leave it out")


async def enqueue(
    connection: AsyncConnection, message: NewMessage, secret: bytes | None = None
) -> Delivery:
    """Insert the message and return it, or the first message with the same key.

    secret
        What keys are signed with; for a message that has a key.

    Raises `MailError` when the key belongs to another message: one with a different sender,
    different recipients or a different subject; and in a savepoint that is not to be relied on.
    """
    await _check_savepoint(connection)
    row = _row(message)
    if message.key is None or secret is None:
        await insert(connection, [row])
        await _count_suppressed(connection, [row])
        return _delivery(row)
    signature = sign(secret, message.queue, message.key, message.encoded)
    row |= {"key_hash": signature.key_hash, "message_hash": signature.message_hash}
    while not await insert(connection, [row]):
        first = await first_with(
            connection, message.queue, message.key, signature, message.encoded.subject
        )
        if first is not None:
            return first
    await _count_suppressed(connection, [row])
    return _delivery(row)


async def enqueue_all(
    connection: AsyncConnection, messages: Sequence[NewMessage], turns: Turns
) -> list[Delivery]:
    """Insert messages without keys, all of them or none.

    Raises `MailError` in a savepoint that is not to be relied on.
    """
    if not messages:
        return []
    await _check_savepoint(connection)
    rows = await turns.all(_row(message) for message in messages)
    await insert(connection, rows, turns)
    await _count_suppressed(connection, rows)
    return await turns.all(_delivery(row) for row in rows)


def _row(message: NewMessage) -> dict[str, Any]:
    """The columns that differ between new messages; its content; its addresses."""
    encoded, is_over = message.encoded, message.is_over
    status = Status.SENT if is_over else Status.QUEUED
    return {
        "id": message.id,
        "message_id": encoded.message_id,
        "queue": message.queue,
        "backend": message.backend,
        "status": status,
        "subject": encoded.subject,
        "subject_start": beginning(encoded.subject),
        "sender": encoded.envelope.sender,
        "mail_options": encoded.envelope.mail_options,
        "rcpt_options": encoded.envelope.rcpt_options,
        "template": message.template,
        "size": len(encoded.content),
        "recipient_count": len(encoded.envelope.recipients),
        "idempotency_key": message.key,
        "priority": message.priority,
        "created_at": message.created_at,
        "since": message.due_at,
        "due_at": None if is_over else message.next_at,
        "expires_at": message.expires_at,
        "sent_at": message.created_at if is_over else None,
        "ended_at": message.created_at if is_over else None,
        "detail": SUPPRESSED if is_over else "",
        "content": encoded.content,
        "addresses": encoded.envelope.recipients,
        "recipient_status": status,
        "recipient_reply": SUPPRESSED if is_over else "",
        "recipient_due_at": None if is_over else message.due_at,
    }


async def _count_suppressed(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Count the messages that ended as they were stored."""
    ended = [row for row in rows if row["ended_at"]]
    if ended:
        whose = WorkerId(ended[0]["queue"], ended[0]["id"])
        await add_suppressed(connection, whose, len(ended), ended[0]["ended_at"])


async def _check_savepoint(connection: AsyncConnection) -> None:
    """Refuse a savepoint that SQLite's driver may take for a whole transaction.

    Left to itself it says BEGIN only before it writes, so a savepoint that comes first is
    committed on its own, and the message would outlive the transaction that is rolled back.
    """
    if connection.dialect.name != "sqlite" or not connection.in_nested_transaction():
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if driver.isolation_level is not None:
        raise MailError(
            "this engine's savepoints may outlive a rollback: set the driver's isolation_level to "
            "None and emit BEGIN, as SQLAlchemy's page on SQLite says, or queue the message outside"
        )


def _delivery(row: dict[str, Any]) -> Delivery:
    shared = row["recipient_status"], None, row["recipient_reply"], row["recipient_due_at"]
    return Delivery(
        id=row["id"],
        message_id=row["message_id"],
        status=row["status"],
        subject=row["subject"],
        recipients=tuple(Recipient(address, *shared) for address in row["addresses"]),
        attempts=0,
        due_at=row["due_at"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        detail=row["detail"],
        recipient_count=row["recipient_count"],
        priority=Priority(row["priority"]),
    )
