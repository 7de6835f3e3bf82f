"""Keep a letter: three rows in the caller's transaction, none of them sent before it commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.columns import is_keepable
from quartapp.mail.delivery import Delivery, Recipient, Status
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.query import Filter, find
from quartapp.mail.outbox.schema import contents, letters, new_id, recipients
from quartapp.mail.outbox.subject import beginning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.compose import Composed

__all__ = ["NewLetter", "keep", "keep_all"]

LONGEST_KEY = 500
"""Characters; PostgreSQL indexes no text of more than 2,700 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """A finished letter and what its sender wants of the outbox.

    due_at
        Not to be sent before.
    expires_at
        Not to be sent after; None for never.
    key
        The sender's own name for it, so that asking twice keeps it once.
    """

    composed: Composed
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


async def keep(connection: AsyncConnection, letter: NewLetter) -> Delivery:
    """Insert the letter and return it, or the first letter with the same key.

    Raises `MailError` when the key belongs to another letter: one with a different sender,
    different recipients or a different subject; and in a savepoint that is not to be relied on.
    """
    if letter.key is None:
        [delivery] = await keep_all(connection, [letter])
        return delivery
    await _check_savepoint(connection)
    row = _row(letter)
    if not await _insert_once(connection, row):
        return await _first_with(connection, letter)
    await _insert_rest(connection, [(row, letter)])
    return _delivery(row, letter)


async def keep_all(connection: AsyncConnection, letters: Sequence[NewLetter]) -> list[Delivery]:
    """Insert letters without keys, in three statements however many they are.

    Raises `MailError` in a savepoint that is not to be relied on.
    """
    if not letters:
        return []
    await _check_savepoint(connection)
    rows = [(_row(letter), letter) for letter in letters]
    await connection.execute(INSERT, [row for row, _ in rows])
    await _insert_rest(connection, rows)
    return [_delivery(row, letter) for row, letter in rows]


INSERT = insert(letters)
INSERT_RECIPIENTS = insert(recipients)
INSERT_CONTENT = insert(contents)
INSERT_ONCE = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(letters)
    .on_conflict_do_nothing(index_elements=[letters.c.idempotency_key])
    .returning(letters.c.id)
    for dialect in (postgresql, sqlite)
}
SENDER_OF = select(letters.c.sender).where(letters.c.idempotency_key == bindparam("key_"))


def _row(letter: NewLetter) -> dict[str, Any]:
    composed = letter.composed
    return {
        "id": new_id(),
        "message_id": composed.message_id,
        "backend": letter.backend,
        "status": Status.QUEUED,
        "subject": composed.subject,
        "subject_start": beginning(composed.subject),
        "sender": composed.envelope.sender,
        "mail_options": list(composed.envelope.mail_options),
        "rcpt_options": list(composed.envelope.rcpt_options),
        "template": letter.template,
        "size": len(composed.content),
        "idempotency_key": letter.key,
        "created_at": letter.created_at,
        "since": letter.due_at,
        "due_at": letter.next_at,
        "expires_at": letter.expires_at,
    }


def _recipient_rows(letter_id: str, letter: NewLetter) -> list[dict[str, Any]]:
    return [
        {
            "letter_id": letter_id,
            "position": position,
            "address": address,
            "status": Status.QUEUED,
            "due_at": letter.due_at,
        }
        for position, address in enumerate(letter.composed.envelope.recipients)
    ]


async def _insert_rest(
    connection: AsyncConnection, rows: Sequence[tuple[dict[str, Any], NewLetter]]
) -> None:
    people = [person for row, letter in rows for person in _recipient_rows(row["id"], letter)]
    await connection.execute(INSERT_RECIPIENTS, people)
    contents = [
        {"letter_id": row["id"], "content": letter.composed.content} for row, letter in rows
    ]
    await connection.execute(INSERT_CONTENT, contents)


async def _check_savepoint(connection: AsyncConnection) -> None:
    """Refuse a savepoint that SQLite's driver may take for a whole transaction.

    Left to itself it says BEGIN only before it writes, so a savepoint that comes first is
    committed on its own, and the letter would outlive the transaction that is rolled back.
    """
    if connection.dialect.name != "sqlite" or not connection.in_nested_transaction():
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if driver.isolation_level is not None:
        raise MailError(
            "this engine's savepoints may outlive a rollback: set the driver's isolation_level to "
            "None and emit BEGIN, as SQLAlchemy's page on SQLite says, or keep the letter outside"
        )


async def _insert_once(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Insert unless the key is taken; the caller's transaction lives on either way."""
    inserted = await connection.execute(INSERT_ONCE[connection.dialect.name], row)
    return inserted.first() is not None


async def _first_with(connection: AsyncConnection, letter: NewLetter) -> Delivery:
    sender = (await connection.execute(SENDER_OF, {"key_": letter.key})).scalar_one()
    [first] = await find(connection, Filter(key=letter.key), limit=1)
    envelope = letter.composed.envelope
    is_same = (
        sender == envelope.sender
        and first.subject == letter.composed.subject
        and tuple(person.address for person in first.recipients) == envelope.recipients
    )
    if not is_same:
        raise MailError(
            f"the key {letter.key!r} belongs to another letter: give each letter its own key"
        )
    return first


def _delivery(row: dict[str, Any], letter: NewLetter) -> Delivery:
    return Delivery(
        id=row["id"],
        message_id=row["message_id"],
        status=Status.QUEUED,
        subject=row["subject"],
        recipients=tuple(
            Recipient(address, Status.QUEUED, due_at=row["since"])
            for address in letter.composed.envelope.recipients
        ),
        attempts=0,
        due_at=row["due_at"],
        created_at=row["created_at"],
        sent_at=None,
        detail="",
    )
