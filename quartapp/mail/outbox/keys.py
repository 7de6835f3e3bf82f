"""Idempotency keys, stored as HMACs: they outlive their messages, and say nothing of them."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.mail.errors import MailError
from quartapp.mail.outbox.delivery import Delivery
from quartapp.mail.outbox.query.find import Filter, find
from quartapp.mail.outbox.states import Status
from quartapp.mail.outbox.tables import key_secret, keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.message.encoding import Encoded

__all__ = ["PRUNED", "KeySecret", "Signature", "first_with", "sign", "was_deleted"]

PRUNED = "pruned"


@dataclass(frozen=True, slots=True)
class Signature:
    """What is stored of a key, and of the message that it belongs to."""

    key_hash: bytes
    message_hash: bytes


def sign(secret: bytes, queue: str, key: str, encoded: Encoded) -> Signature:
    """The HMACs of a key in its queue, and of the envelope and subject of its message."""
    envelope = encoded.envelope
    # No address and no subject contains a NUL.
    said = "\0".join((envelope.sender, *envelope.recipients, encoded.subject))
    return Signature(_hmac(secret, "key", f"{queue}\0{key}"), _hmac(secret, "message", said))


def _hmac(secret: bytes, what: str, text: str) -> bytes:
    return hmac.digest(secret, f"{what}\0{text}".encode("utf-8", "replace"), "sha256")


class KeySecret:
    """The database's secret for HMACs, made at its first use and then remembered.

    database
        The database in use: a host may open another, which has another secret.
    """

    def __init__(self, database: Callable[[], object]) -> None:
        self._database = database
        self._known: tuple[object, bytes] | None = None

    async def read(
        self, connection: AsyncConnection, on_commit: Callable[[Callable[[], None]], None]
    ) -> bytes:
        """The secret that every process has for this database.

        on_commit
            Takes what is to be called after this transaction's commit: until then a rollback
            could take a new secret back.
        """
        database = self._database()
        if self._known is not None and self._known[0] is database:
            return self._known[1]
        found = await _read(connection) or await _make(connection)

        def remember() -> None:
            self._known = database, found

        on_commit(remember)
        return found


async def _read(connection: AsyncConnection) -> bytes | None:
    return (await connection.execute(select(key_secret.c.secret))).scalar_one_or_none()


async def _make(connection: AsyncConnection) -> bytes:
    """Make the secret; of several who do so at once the first wins, and the others wait for it."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(key_secret).values(id=1, secret=secrets.token_bytes(32))
    await connection.execute(new.on_conflict_do_nothing())
    made: bytes = (await connection.execute(select(key_secret.c.secret))).scalar_one()
    return made


async def first_with(
    connection: AsyncConnection, queue: str, key: str, signature: Signature, subject: str
) -> Delivery | None:
    """The first message with a key that is taken; None where the key has just become free.

    Raises `MailError` when the key belongs to a message with another envelope or subject.
    """
    # The message first: where it is gone by then, its key says so.
    found = await find(connection, Filter(queue=queue, key=key), limit=1, listed=None)
    row = (await connection.execute(TAKEN, {"hash_": signature.key_hash})).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(row.message_hash, signature.message_hash):
        raise MailError(
            f"the key {key!r} belongs to another message: give each message its own key"
        )
    return found[0] if found else _pruned(row, subject)


TAKEN = select(
    keys.c.delivery_id, keys.c.message_id, keys.c.message_hash, keys.c.created_at, keys.c.status
).where(keys.c.key_hash == bindparam("hash_"))


async def was_deleted(connection: AsyncConnection, queue: str, delivery_id: str) -> bool:
    """Whether a message was pruned, as far as its key is still remembered."""
    gone = select(keys.c.pruned_at).where(keys.c.delivery_id == delivery_id, keys.c.queue == queue)
    return (await connection.execute(gone)).scalar_one_or_none() is not None


def _pruned(row: Row[*tuple[Any, ...]], subject: str) -> Delivery:
    """What is known of a message that was deleted."""
    return Delivery(
        id=row.delivery_id,
        message_id=row.message_id,
        status=Status(row.status),
        subject=subject,
        recipients=(),
        attempts=0,
        due_at=None,
        created_at=row.created_at,
        sent_at=None,
        detail=PRUNED,
        recipient_count=0,
    )
