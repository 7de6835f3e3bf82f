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

EXPECTED = frozenset({Status.SENT, Status.CANCELLED})


def together(outcome: str, deliveries: Sequence[Delivery]) -> None:
    """What became of the messages of one transaction: one line, however many they are."""
    if not logger.isEnabledFor(logging.INFO):
        return
    if len(deliveries) == 1:
        [only] = deliveries
        fields = _fields(only, outcome, None)
        why = f": {fields['reply']}" if fields["reply"] else ""
        logger.info("message %s %s%s", only.id, outcome, why, extra=fields)
        return
    some = ", ".join(delivery.id for delivery in deliveries[:NAMED])
    more = f" and {len(deliveries) - NAMED:,} more" if len(deliveries) > NAMED else ""
    fields = {"outcome": outcome, "count": len(deliveries)}
    logger.info("%s messages %s: %s%s", f"{len(deliveries):,}", outcome, some, more, extra=fields)


def attempted(delivery: Delivery, took: float | None) -> None:
    """What an attempt came to: why, and when the next one is due.

    took
        Seconds until the server's last reply; None if it gave none.
    """
    outcome = "deferred" if delivery.status is Status.QUEUED else str(delivery.status)
    fields = _fields(delivery, outcome, took)
    # A host may format its log as it likes: no reply may begin a line of its own.
    why = escaped(f"{fields['code'] or ''} {fields['reply']}".strip())
    logger.log(
        logging.INFO if delivery.status in EXPECTED else logging.WARNING,
        "message %s %s%s (attempt %d%s)",
        delivery.id,
        outcome,
        f": {why}" if why else "",
        delivery.attempts,
        f", next {delivery.due_at:%H:%M:%S}Z" if delivery.due_at else "",
        extra=fields,
    )


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
