"""`/metrics`: numbers about messages for Prometheus, counted here and asked for when it looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from quart import Response, current_app

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import OutboxUnavailable
from quartapp.mail.pages.service import mail

if TYPE_CHECKING:
    from quart import Quart
    from quart.blueprints import BlueprintSetupState

    from quartapp.mail.events.publish import AttemptRecord
    from quartapp.mail.service import MailService

__all__ = ["count_from_the_start", "scrape"]

EXTENSION = "quartapp.mail.pages.metrics"

PATIENCE = 5.0
"""How long the database may take to answer, in seconds."""

OUTCOMES = {"queued": "deferred"}
"""What an attempt is called that leaves a message in this state, where that is not its name."""

BREAKER = ("closed", "open", "probing")
SENDING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600)
QUEUEING = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400, 432000)


def count_from_the_start(state: BlueprintSetupState) -> None:
    """Count what an app sends as soon as it serves, before anybody asks."""
    app = cast("Quart", state.app)

    @app.before_serving
    async def begin() -> None:
        counted(app.extensions)


async def scrape() -> Response:
    """What this process counted, and how the outbox and the pool stand now."""
    current = await _standing(mail())
    text = generate_latest(counted(current_app.extensions).registry) + generate_latest(current)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def counted(extensions: dict[str, Any]) -> Counted:
    """What an app counted so far: once for each app, however often its pages are mounted."""
    if EXTENSION not in extensions:
        extensions[EXTENSION] = Counted()
        extensions["mail"].publisher.tried.connect(extensions[EXTENSION].count)
    found: Counted = extensions[EXTENSION]
    return found


class Counted:
    """What this process counts and measures of the messages that it sends."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "quartapp_mail_messages",
            "Attempts at messages by outcome, and by the class of the server's reply.",
            ["outcome", "reply"],
            registry=self.registry,
        )
        self._sending = Histogram(
            "quartapp_mail_send_seconds",
            "How long the server had a message, from MAIL to its last answer.",
            buckets=SENDING,
            registry=self.registry,
        )
        self._queueing = Histogram(
            "quartapp_mail_queue_seconds",
            "How long a message that was sent had been due: waiting, retries and sending.",
            buckets=QUEUEING,
            registry=self.registry,
        )

    def count(self, attempt: AttemptRecord) -> None:
        """Count an attempt."""
        status = attempt.delivery.status
        reply = f"{attempt.code // 100}xx" if attempt.code else "none"
        self._messages.labels(OUTCOMES.get(status, status), reply).inc()
        if attempt.took is not None:
            self._sending.observe(attempt.took)
        if attempt.delivery.sent_at is not None:
            self._queueing.observe(max(0.0, attempt.waited))


async def _standing(service: MailService) -> CollectorRegistry:
    """How everything stands: made anew, so that nothing old is told when a part is away."""
    now = CollectorRegistry()
    _tell_of_delivery(service, now)
    is_up = _gauge(now, "quartapp_database_up", "Whether the database answers.")
    try:
        async with asyncio.timeout(PATIENCE):
            await _tell_of_outbox(service, now)
    except (DatabaseUnavailable, OutboxUnavailable, TimeoutError):
        is_up.set(0)
    else:
        is_up.set(1)
    return now


def _tell_of_delivery(service: MailService, now: CollectorRegistry) -> None:
    running = _gauge(now, "quartapp_mail_dispatcher_up", "Whether this process delivers.")
    running.set(service.is_running)
    breaker = _gauge(
        now, "quartapp_mail_breaker", "What is let through to the mail server: 1 for that.", "state"
    )
    for state in BREAKER:
        breaker.labels(state).set(service.worker.breaker == state)
    use = service.worker.figures
    if use is None:
        return
    pool = _gauge(now, "quartapp_mail_connections", "Connections to the mail server.", "state")
    pool.labels("busy").set(use.busy)
    pool.labels("idle").set(use.idle)
    _gauge(now, "quartapp_mail_connections_limit", "The most there may be.").set(use.limit)
    _gauge(now, "quartapp_mail_connections_waiting", "Messages that wait for one.").set(use.waiting)


async def _tell_of_outbox(service: MailService, now: CollectorRegistry) -> None:
    figures, due = await service.report.figures(), await service.report.due()
    more = f"(no more than {figures.COUNTED + 1} are counted)"
    depth = _gauge(now, "quartapp_mail_queue_messages", f"Messages in each state {more}.", "state")
    for status, number in figures.counts.items():
        depth.labels(status).set(number)
    _gauge(now, "quartapp_mail_due_messages", f"Messages that could be sent now {more}.").set(due)
    _gauge(
        now, "quartapp_mail_suppressed_messages", f"Messages that were sent to nobody {more}."
    ).set(figures.suppressed)
    _gauge(now, "quartapp_mail_workers", "Processes that deliver, on any host.").set(
        len(figures.workers)
    )
    age = _gauge(
        now, "quartapp_mail_oldest_seconds", "How long ago the oldest waiting message was queued."
    )
    if figures.oldest_at is not None:
        age.set((datetime.now(UTC) - figures.oldest_at).total_seconds())


def _gauge(registry: CollectorRegistry, name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=registry)
