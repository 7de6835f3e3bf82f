"""`/metrics`: numbers about messages for Prometheus, counted here and asked for when it looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from quart import Blueprint, Response, current_app

from quartapp.database import DatabaseUnavailable
from quartapp.mail.pages.guard import operator_only

if TYPE_CHECKING:
    from quart.blueprints import BlueprintSetupState

    from quartapp.mail import MailService
    from quartapp.mail.events.attempt import AttemptRecord

__all__ = ["metrics"]

PATIENCE = 5.0
"""How long the database may take to answer, in seconds."""

OUTCOMES = {"queued": "deferred"}
"""What an attempt is called that leaves a message in this state, where that is not its name."""

BREAKER = ("closed", "open", "probing")
SENDING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600)
QUEUEING = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400, 432000)

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
async def scrape() -> Response:
    """What this process counted, and how the outbox and the pool stand now."""
    if current_app.config["OPERATOR_USERNAME"]:
        await operator_only()
    counted: Counted = current_app.extensions["metrics"]
    now = await _standing(current_app.extensions["mail"])
    text = generate_latest(counted.registry) + generate_latest(now)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


class Counted:
    """What this process counts and measures of the messages that it sends."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "quartapp_mail_messages",
            "Attempts at messages by what came of them, and by the class of the server's reply.",
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

    def count(self, trial: AttemptRecord) -> None:
        """Take note of an attempt."""
        status = trial.delivery.status
        reply = f"{trial.code // 100}xx" if trial.code else "none"
        self._messages.labels(OUTCOMES.get(status, status), reply).inc()
        if trial.took is not None:
            self._sending.observe(trial.took)
        if trial.delivery.sent_at is not None:
            self._queueing.observe(max(0.0, trial.waited))


@metrics.record_once
def _begin(state: BlueprintSetupState) -> None:
    counted = Counted()
    state.app.extensions["metrics"] = counted
    state.app.extensions["mail"].publisher.tried.connect(counted.count)


async def _standing(service: MailService) -> CollectorRegistry:
    """How everything stands: made anew, so that nothing old is told when a part is away."""
    now = CollectorRegistry()
    _tell_of_post(service, now)
    is_up = _gauge(now, "quartapp_database_up", "Whether the database answers.")
    try:
        async with asyncio.timeout(PATIENCE):
            await _tell_of_outbox(service, now)
    except (DatabaseUnavailable, TimeoutError):
        is_up.set(0)
    else:
        is_up.set(1)
    return now


def _tell_of_post(service: MailService, now: CollectorRegistry) -> None:
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
    age = _gauge(
        now, "quartapp_mail_oldest_seconds", "How long ago the oldest waiting message was kept."
    )
    if figures.oldest_at is not None:
        age.set((datetime.now(UTC) - figures.oldest_at).total_seconds())


def _gauge(registry: CollectorRegistry, name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=registry)
