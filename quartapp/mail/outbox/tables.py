"""The tables of the outbox. No foreign key leads out of them, so that they fit any database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    literal,
    select,
)

from quartapp.database.columns import SafeText, UtcDateTime, Words
from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.schema import SchemaItem

__all__ = [
    "HAS_TEMPLATE",
    "IS_CLAIMED",
    "IS_SUPPRESSED",
    "at_most",
    "attempts",
    "contents",
    "counts",
    "include_object",
    "is_any",
    "key_secret",
    "keys",
    "messages",
    "metadata",
    "recipients",
    "workers",
]


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

messages = Table(
    "mail_messages",
    metadata,
    Column("id", SafeText(32), primary_key=True),
    Column("message_id", SafeText, nullable=False),
    # The application that the message is of: see MAIL_QUEUE.
    Column("queue", String(64), nullable=False),
    Column("backend", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("subject_start", LargeBinary),
    Column("sender", SafeText, nullable=False),
    Column("mail_options", Words, nullable=False),
    Column("rcpt_options", Words, nullable=False),
    Column("template", SafeText),
    Column("size", Integer, nullable=False),
    Column("recipient_count", Integer, nullable=False),
    # "key" is a reserved word in some databases. What makes it unique is in `keys`.
    Column("idempotency_key", SafeText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    # When MAIL_GIVE_UP is counted from: queued, `at`, or the last retry by a person.
    Column("since", UtcDateTime, nullable=False),
    # Null while it may not be claimed: being sent, final, or uncertain and held.
    Column("due_at", UtcDateTime),
    # When due_at was decided after an attempt or by a person; null since it was queued.
    Column("deferred_at", UtcDateTime),
    Column("is_retry", Boolean, nullable=False, default=False),
    Column("priority", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("first_attempt_at", UtcDateTime),
    # Server outages in a row that began with this very message: a 421 during its transaction.
    Column("outages", Integer, nullable=False, default=0),
    Column("sent_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("detail", SafeText, nullable=False, default=""),
    # The claim: its owner, how often it was renewed and for how many seconds each time, and when
    # its end of data was about to be sent.
    Column("token", String(32)),
    Column("renewals", Integer),
    Column("lease", Float),
    Column("intent_at", UtcDateTime),
    Column("wants_cancel", Boolean, nullable=False, default=False),
)


def _only(condition: ColumnElement[bool]) -> dict[str, Any]:
    """A partial index: of the rows that meet a condition."""
    return {"postgresql_where": condition, "sqlite_where": condition}


HAS_KEY = messages.c.idempotency_key.is_not(None)
IS_WAITING = messages.c.due_at.is_not(None)
IS_CLAIMED = messages.c.token.is_not(None)
MAY_EXPIRE = and_(IS_WAITING, messages.c.expires_at.is_not(None))
HAS_TEMPLATE = messages.c.template.is_not(None)
HAS_ENDED = messages.c.ended_at.is_not(None)

Index(
    "ix_mail_messages_due",
    messages.c.queue,
    messages.c.backend,
    messages.c.is_retry,
    messages.c.priority,
    messages.c.due_at,
    **_only(IS_WAITING),
)
Index(
    "ix_mail_messages_claimed",
    messages.c.queue,
    messages.c.backend,
    messages.c.token,
    **_only(IS_CLAIMED),
)
Index(
    "ix_mail_messages_expires_at",
    messages.c.queue,
    messages.c.backend,
    messages.c.expires_at,
    **_only(MAY_EXPIRE),
)
Index(
    "ix_mail_messages_ended_at",
    messages.c.queue,
    messages.c.status,
    messages.c.ended_at,
    **_only(HAS_ENDED),
)
Index("ix_mail_messages_queue", messages.c.queue, messages.c.id)
Index("ix_mail_messages_status", messages.c.queue, messages.c.status, messages.c.id)
Index(
    "ix_mail_messages_idempotency_key",
    messages.c.queue,
    messages.c.idempotency_key,
    **_only(HAS_KEY),
)
# Counted apart in figures. Other messages do not pay for it.
IS_SUPPRESSED = messages.c.backend == literal(SUPPRESSED, literal_execute=True)
Index("ix_mail_messages_suppressed", messages.c.queue, **_only(IS_SUPPRESSED))
# What an operator searches by; neither ever changes. A message that was made of no template does
# not pay for that index.
Index("ix_mail_messages_subject_start", messages.c.queue, messages.c.subject_start, messages.c.id)
Index(
    "ix_mail_messages_template",
    messages.c.queue,
    messages.c.template,
    messages.c.id,
    **_only(HAS_TEMPLATE),
)

recipients = Table(
    "mail_recipients",
    metadata,
    Column("delivery_id", ForeignKey(messages.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("address", SafeText, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Integer),
    # A reply is stored once for a message: where an earlier recipient has the same, it is empty
    # and this is that one's position.
    Column("reply", SafeText, nullable=False, default=""),
    Column("reply_of", Integer),
    Column("due_at", UtcDateTime),
    # One tree instead of two: each message pays for both.
    sqlite_with_rowid=False,
)
Index("ix_mail_recipients_address", recipients.c.address, recipients.c.delivery_id)

contents = Table(
    "mail_contents",
    metadata,
    Column("delivery_id", ForeignKey(messages.c.id, ondelete="CASCADE"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# One row for each attempt that did not simply succeed: the server's reply, and when.
attempts = Table(
    "mail_attempts",
    metadata,
    Column("delivery_id", ForeignKey(messages.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("queue", String(64), nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("detail", SafeText, nullable=False),
    # The reply that decided, without the recipient's address.
    Column("reply", SafeText, nullable=False, default=""),
)
# What the server mostly replied in the last minutes.
Index("ix_mail_attempts_ended_at", attempts.c.queue, attempts.c.ended_at)

# How attempts ended, in each minute and by worker, so that no row is written by many. Those of an
# hour have no worker: see counts.py.
counts = Table(
    "mail_counts",
    metadata,
    Column("queue", String(64), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("starts_at", UtcDateTime, primary_key=True),
    Column("worker", String(32), primary_key=True),
    Column("number", Integer, nullable=False),
)

# The processes that deliver, and what holds each of them up: see workers.py.
workers = Table(
    "mail_workers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("queue", String(64), nullable=False),
    Column("backend", String(16), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("outage", SafeText, nullable=False, default=""),
    Column("outage_since", UtcDateTime),
    Column("next_attempt_at", UtcDateTime),
)

# One row for each idempotency key, made with its message and left when that is pruned: no text of
# the message, and no foreign key to it.
keys = Table(
    "mail_keys",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("queue", String(64), nullable=False),
    Column("message_hash", LargeBinary, nullable=False),
    Column("delivery_id", SafeText(32), nullable=False, unique=True),
    Column("message_id", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # The message's final status, and since when it is gone; null while it is stored.
    Column("status", String(16)),
    Column("pruned_at", UtcDateTime),
)
IS_PRUNED = keys.c.pruned_at.is_not(None)
Index("ix_mail_keys_pruned_at", keys.c.queue, keys.c.pruned_at, **_only(IS_PRUNED))

# The secret of the HMACs in `keys`: one row.
key_secret = Table(
    "mail_key_secret",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
)


MOST = 2**31 - 1
"""Rows that a statement asks for."""


def at_most(limit: int) -> ColumnElement[int]:
    """A limit written into the statement. Raises `MailError` for what is no number.

    For a limit that it does not know PostgreSQL plans to return a tenth of the table.
    """
    if not isinstance(limit, int):
        raise MailError(f"limit= is {limit!r}: give a whole number")
    return literal(max(0, min(limit, MOST)), literal_execute=True)


def is_any(order: Column[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a message meets these conditions, answered from the index that ends with `order`.

    For EXISTS with values that it does not know PostgreSQL plans to read the table, hoping to
    find one soon; in an idle outbox there is none to find.
    """
    first = select(order).where(*conditions).order_by(order).limit(at_most(1))
    return first.scalar_subquery().is_not(None)


def include_object(
    item: SchemaItem, name: str | None, type_: str, reflected: bool, compare_to: SchemaItem | None
) -> bool:
    """Keep a host's Alembic autogenerate off the mail tables, which it would drop otherwise.

    Give it to `context.configure(include_object=...)` in the host's env.py.
    """
    table = name if type_ == "table" else getattr(getattr(item, "table", None), "name", None)
    return table not in metadata.tables and table != VERSION_TABLE


VERSION_TABLE = "mail_alembic_version"
