"""The log lines about delivery as a whole: when it pauses, why, and when it goes on."""

from __future__ import annotations

import logging
from datetime import timedelta

from quartapp.mail.clock import SystemClock, iso, span
from quartapp.mail.lines import escaped

__all__ = ["paused", "resumed"]

logger = logging.getLogger(__name__)


def paused(why: str, remaining: float, code: int | None = None) -> None:
    """Delivery is paused.

    remaining
        Seconds until the next attempt.
    code
        The server's reply code, None where it gave none.
    """
    next_attempt = SystemClock().now() + timedelta(seconds=remaining)
    logger.warning(
        "delivery paused: %s (next attempt in %s)",
        escaped(why),
        span(remaining),
        extra={
            "outcome": "paused",
            "code": code,
            "reply": why,
            "next_attempt": iso(next_attempt),
        },
    )


def resumed(paused_for: float) -> None:
    """Delivery goes on, after so many seconds."""
    logger.info(
        "delivery resumed after %s",
        span(paused_for),
        extra={"outcome": "resumed", "duration_ms": round(paused_for * 1000)},
    )
