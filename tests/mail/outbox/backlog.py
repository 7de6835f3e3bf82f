"""Many messages at once, made by the database itself."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, String, cast, insert, literal, select

from quartapp.mail.outbox.counts import Count
from quartapp.mail.outbox.tables import attempts, contents, counts, keys, messages, recipients
from tests.mail.outbox.sample import ADA, DAY, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Insert

LONG_AGO = NOW - 30 * DAY
COMMON = {
    "queue": "default",
    "backend": "smtp",
    "status": "sent",
    "subject": "Tea",
    "subject_start": b"tea",
    "template": "mail/tea",
    "sender": ADA,
    "mail_options": [],
    "rcpt_options": [],
    "size": 3,
    "recipient_count": 1,
    "created_at": LONG_AGO,
    "since": LONG_AGO,
    "expires_at": None,
    "due_at": None,
    "token": None,
    "ended_at": None,
    "is_retry": False,
    "priority": "normal",
    "attempts": 0,
    "outages": 0,
    "detail": "",
    "wants_cancel": False,
}


def many_messages(kind: str, many: int, **columns: object) -> Insert:
    """Make that many messages that differ by a number in their id: "kind-1" and so on."""
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < many))
    name = literal(f"{kind}-") + cast(numbers.c.n, String)
    values = {"id": name, "message_id": name, "idempotency_key": name}
    values |= {
        column: literal(value, messages.c[column].type)
        for column, value in (COMMON | columns).items()
    }
    return insert(messages).from_select(list(values), select(*values.values()))


def their_recipient(address: str, which: Any, *, position: int = 0, due_at: Any = None) -> Insert:
    """Give messages a recipient."""
    values = {
        "delivery_id": messages.c.id,
        "position": literal(position),
        "address": literal(address),
        "status": literal("queued"),
        "reply": literal(""),
        "due_at": literal(due_at, recipients.c.due_at.type),
    }
    return insert(recipients).from_select(list(values), select(*values.values()).where(which))


def their_content() -> Insert:
    """Give messages their content."""
    content = literal(b"Subject: Tea\r\n\r\nTea.\r\n")
    return insert(contents).from_select(["delivery_id", "content"], select(messages.c.id, content))


def their_attempt(which: Any, ended_at: datetime) -> Insert:
    """Give messages an attempt each that was deferred."""
    values = {
        "delivery_id": messages.c.id,
        "number": literal(1),
        "queue": literal("default"),
        "ended_at": literal(ended_at, attempts.c.ended_at.type),
        "status": literal("queued"),
        "detail": literal(""),
        "reply": literal("451 4.7.1 Greylisted"),
    }
    return insert(attempts).from_select(list(values), select(*values.values()).where(which))


def their_key() -> Insert:
    """Give messages the row of their key."""
    key_hash = cast(messages.c.id, LargeBinary)
    values = {
        "key_hash": key_hash,
        "queue": literal("default"),
        "message_hash": key_hash,
        "delivery_id": messages.c.id,
        "message_id": messages.c.message_id,
        "created_at": messages.c.created_at,
    }
    return insert(keys).from_select(list(values), select(*values.values()))


def many_counts(since: datetime, many: int) -> Insert:
    """Counts of each outcome in each of sixty hours, by many workers."""
    hours = range(60)
    return insert(counts).values(
        [
            {
                "queue": "default",
                "outcome": count,
                "starts_at": since + timedelta(hours=hour),
                "worker": f"worker {number}",
                "number": 1,
            }
            for count, hour, number in product(Count, hours, range(many))
        ]
    )
