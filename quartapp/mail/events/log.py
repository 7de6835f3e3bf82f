"""The log lines about messages: one for each change of state, with the same as fields for JSON."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from quartapp.mail.clock import iso
from quartapp.mail.lines import escaped
from quartapp.mail.outbox.delivery import decisive
from quartapp.mail.outbox.states import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["attempted", "together"]

logger = logging.getLogger(__name__)

NAMED = 5
"""Ids in one line."""

QUEUED = str(Status.QUEUED)
EXPECTED = {QUEUED, str(Status.SENT), str(Status.CANCELLED)}


def together(outcome: str, deliveries: Sequence[Delivery]) -> None:
    """What became of the messages of one transaction: one line, however many they are."""
    if len(deliveries) == 1:
        _one(deliveries[0], outcome, None)
        return
    some = ", ".join(delivery.id for delivery in deliveries[:NAMED])
    more = f" and {len(deliveries) - NAMED:,} more" if len(deliveries) > NAMED else ""
    count = f"{len(deliveries):,}"
    fields = {"outcome": outcome, "count": len(deliveries)}
    logger.log(_level(outcome), "%s messages %s: %s%s", count, outcome, some, more, extra=fields)


def attempted(delivery: Delivery, took: float | None) -> None:
    """What an attempt came to: why, and when the next one is due.

    took
        Seconds until the server's last reply; None if it gave none.
    """
    outcome = "deferred" if delivery.status is Status.QUEUED else str(delivery.status)
    _one(delivery, outcome, took)


def _one(delivery: Delivery, outcome: str, took: float | None) -> None:
    if not logger.isEnabledFor(_level(outcome)):
        return
    fields = _fields(delivery, outcome, took)
    # A host may format its log as it likes: no reply may begin a line of its own.
    why = escaped(f"{fields['code'] or ''} {fields['reply']}".strip())
    due = f", next {delivery.due_at:%H:%M:%S}Z" if delivery.due_at else ""
    logger.log(
        _level(outcome),
        "message %s %s%s%s",
        delivery.id,
        outcome,
        f": {why}" if why else "",
        f" (attempt {delivery.attempts}{due})" if outcome != QUEUED else "",
        extra=fields,
    )


def _level(outcome: str) -> int:
    return logging.INFO if outcome in EXPECTED else logging.WARNING


def _fields(delivery: Delivery, outcome: str, took: float | None) -> dict[str, Any]:
    recipient = decisive(delivery)
    return {
        "id": delivery.id,
        "outcome": outcome,
        "code": recipient.code if recipient else None,
        "reply": recipient.reply if recipient else "",
        "attempt": delivery.attempts,
        "next_attempt": iso(delivery.due_at) if delivery.due_at else None,
        "duration_ms": None if took is None else round(took * 1000),
    }
