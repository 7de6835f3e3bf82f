"""Keep a letter: three rows in the caller's transaction, none of them sent before it commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.mail.delivery import Delivery, Recipient, Status
from quartapp.mail.errors import MailError
from quartapp.mail.outbox.query import Filter, find
from quartapp.mail.outbox.schema import contents, letters, new_id, recipients

if TYPE_CHECKING:
    from datetime import datetime

    from quartapp.mail.compose import Composed
    from quartapp.mail.outbox.query import Executor

__all__ = ["NewLetter", "keep"]


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


async def keep(connection: Executor, letter: NewLetter) -> Delivery:
    """Insert the letter and return it, or the first letter with the same key.

    Raises `MailError` when the key belongs to another letter: one with a different sender,
    different recipients or a different subject.
    """
    row = _row(letter)
    if letter.key is None:
        await connection.execute(insert(letters), row)
    elif not await _insert_once(connection, row):
        return await _first_with(connection, letter)
    people = letter.composed.envelope.recipients
    await connection.execute(
        insert(recipients),
        [
            {
                "letter_id": row["id"],
                "position": position,
                "address": address,
                "status": Status.QUEUED,
                "due_at": letter.due_at,
            }
            for position, address in enumerate(people)
        ],
    )
    content = {"letter_id": row["id"], "content": letter.composed.content}
    await connection.execute(insert(contents), content)
    return _delivery(row, people)


def _delivery(row: dict[str, Any], people: tuple[str, ...]) -> Delivery:
    return Delivery(
        id=row["id"],
        message_id=row["message_id"],
        status=Status.QUEUED,
        subject=row["subject"],
        recipients=tuple(
            Recipient(address, Status.QUEUED, due_at=row["since"]) for address in people
        ),
        attempts=0,
        due_at=row["due_at"],
        created_at=row["created_at"],
        sent_at=None,
        detail="",
    )


def _row(letter: NewLetter) -> dict[str, Any]:
    composed = letter.composed
    return {
        "id": new_id(),
        "message_id": composed.message_id,
        "backend": letter.backend,
        "status": Status.QUEUED,
        "subject": composed.subject,
        "sender": composed.envelope.sender,
        "mail_options": list(composed.envelope.mail_options),
        "rcpt_options": list(composed.envelope.rcpt_options),
        "template": letter.template,
        "size": len(composed.content),
        "idempotency_key": letter.key,
        "created_at": letter.created_at,
        "since": letter.due_at,
        "due_at": min(letter.due_at, letter.expires_at) if letter.expires_at else letter.due_at,
        "expires_at": letter.expires_at,
    }


async def _insert_once(connection: Executor, row: dict[str, Any]) -> bool:
    """Insert unless the key is taken; the caller's transaction lives on either way."""
    dialect = postgresql if await _is_postgresql(connection) else sqlite
    statement = dialect.insert(letters).on_conflict_do_nothing(
        index_elements=[letters.c.idempotency_key]
    )
    inserted = await connection.execute(statement.returning(letters.c.id), row)
    return inserted.first() is not None


async def _is_postgresql(connection: Executor) -> bool:
    bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
    return bind.dialect.name == "postgresql"


async def _first_with(connection: Executor, letter: NewLetter) -> Delivery:
    query = select(letters.c.sender).where(letters.c.idempotency_key == letter.key)
    sender = (await connection.execute(query)).scalar_one()
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
