"""Keep a message: three rows in the caller's transaction, none of them sent before it commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.database.columns import is_keepable
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.delivery import Delivery, Recipient, Status
from quartapp.mail.outbox.query.find import Filter, find
from quartapp.mail.outbox.subject import beginning
from quartapp.mail.outbox.tables import contents, messages, new_id, recipients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.message.encoding import Encoded

__all__ = ["NewMessage", "enqueue", "enqueue_all"]

LONGEST_KEY = 500
"""Characters; PostgreSQL indexes no text of more than 2,700 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A finished message and what its sender wants of the outbox.

    due_at
        Not to be sent before.
    expires_at
        Not to be sent after; None for never.
    key
        The sender's own name for it, so that asking twice keeps it once.
    """

    encoded: Encoded
    backend: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None = None
    key: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        key = self.key or ""
        if len(key) > LONGEST_KEY:
            raise MailError(f"the key has {len(key)} characters: give at most {LONGEST_KEY}")
        if not is_keepable(key):
            raise MailError(f"the key {key!r} has a character that no database keeps: leave it out")

    @property
    def next_at(self) -> datetime:
        """When somebody must look at it: when it is due, or before if it expires sooner."""
        return min(self.due_at, self.expires_at) if self.expires_at else self.due_at


async def enqueue(connection: AsyncConnection, message: NewMessage) -> Delivery:
    """Insert the message and return it, or the first message with the same key.

    Raises `MailError` when the key belongs to another message: one with a different sender,
    different recipients or a different subject; and in a savepoint that is not to be relied on.
    """
    if message.key is None:
        [delivery] = await enqueue_all(connection, [message])
        return delivery
    await _check_savepoint(connection)
    row = _row(message)
    if not await _insert_once(connection, row):
        return await _first_with(connection, message)
    await _insert_rest(connection, [(row, message)])
    return _delivery(row, message)


async def enqueue_all(
    connection: AsyncConnection, messages: Sequence[NewMessage]
) -> list[Delivery]:
    """Insert messages without keys, in three statements however many they are.

    Raises `MailError` in a savepoint that is not to be relied on.
    """
    if not messages:
        return []
    await _check_savepoint(connection)
    rows = [(_row(message), message) for message in messages]
    await connection.execute(INSERT, [row for row, _ in rows])
    await _insert_rest(connection, rows)
    return [_delivery(row, message) for row, message in rows]


INSERT = insert(messages)
INSERT_RECIPIENTS = insert(recipients)
INSERT_CONTENT = insert(contents)
INSERT_ONCE = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(messages)
    .on_conflict_do_nothing(index_elements=[messages.c.idempotency_key])
    .returning(messages.c.id)
    for dialect in (postgresql, sqlite)
}
SENDER_OF = select(messages.c.sender).where(messages.c.idempotency_key == bindparam("key_"))


def _row(message: NewMessage) -> dict[str, Any]:
    encoded = message.encoded
    return {
        "id": new_id(),
        "message_id": encoded.message_id,
        "backend": message.backend,
        "status": Status.QUEUED,
        "subject": encoded.subject,
        "subject_start": beginning(encoded.subject),
        "sender": encoded.envelope.sender,
        "mail_options": list(encoded.envelope.mail_options),
        "rcpt_options": list(encoded.envelope.rcpt_options),
        "template": message.template,
        "size": len(encoded.content),
        "idempotency_key": message.key,
        "created_at": message.created_at,
        "since": message.due_at,
        "due_at": message.next_at,
        "expires_at": message.expires_at,
    }


def _recipient_rows(delivery_id: str, message: NewMessage) -> list[dict[str, Any]]:
    return [
        {
            "delivery_id": delivery_id,
            "position": position,
            "address": address,
            "status": Status.QUEUED,
            "due_at": message.due_at,
        }
        for position, address in enumerate(message.encoded.envelope.recipients)
    ]


async def _insert_rest(
    connection: AsyncConnection, rows: Sequence[tuple[dict[str, Any], NewMessage]]
) -> None:
    people = [person for row, message in rows for person in _recipient_rows(row["id"], message)]
    await connection.execute(INSERT_RECIPIENTS, people)
    contents = [
        {"delivery_id": row["id"], "content": message.encoded.content} for row, message in rows
    ]
    await connection.execute(INSERT_CONTENT, contents)


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
            "None and emit BEGIN, as SQLAlchemy's page on SQLite says, or keep the message outside"
        )


async def _insert_once(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Insert unless the key is taken; the caller's transaction lives on either way."""
    inserted = await connection.execute(INSERT_ONCE[connection.dialect.name], row)
    return inserted.first() is not None


async def _first_with(connection: AsyncConnection, message: NewMessage) -> Delivery:
    sender = (await connection.execute(SENDER_OF, {"key_": message.key})).scalar_one()
    [first] = await find(connection, Filter(key=message.key), limit=1)
    envelope = message.encoded.envelope
    is_same = (
        sender == envelope.sender
        and first.subject == message.encoded.subject
        and tuple(person.address for person in first.recipients) == envelope.recipients
    )
    if not is_same:
        raise MailError(
            f"the key {message.key!r} belongs to another message: give each message its own key"
        )
    return first


def _delivery(row: dict[str, Any], message: NewMessage) -> Delivery:
    return Delivery(
        id=row["id"],
        message_id=row["message_id"],
        status=Status.QUEUED,
        subject=row["subject"],
        recipients=tuple(
            Recipient(address, Status.QUEUED, due_at=row["since"])
            for address in message.encoded.envelope.recipients
        ),
        attempts=0,
        due_at=row["due_at"],
        created_at=row["created_at"],
        sent_at=None,
        detail="",
    )
