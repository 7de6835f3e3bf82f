"""Drain: a backlog in the outbox, sent and recorded."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.databases import POSTGRES, SQLITE, Copies
from benchmarks.processes import work
from benchmarks.rows.send import to_sink
from benchmarks.sinks import check_delivered, sink
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Variant

__all__ = ["DRAIN", "draining"]

MESSAGES = 20_000
DJANGO = "benchmarks.peers.django_queues"


def draining(
    databases: Copies, messages: int, seconds_per_message: float = 0, **arguments: Any
) -> Measure:
    """Drain an outbox with that many messages; arguments are those of `benchmarks.ours.outbox`."""

    def measure(scale: float) -> Figures:
        count = int(messages * scale)
        with databases.copy(count) as url, sink(seconds_per_message) as server:
            figures = work(
                "benchmarks.ours.outbox:drain",
                url=url,
                port=server.port,
                messages=count,
                **arguments,
            )
            return check_delivered(figures, server)

    return measure


DRAIN = Comparison(
    name="drain",
    title="Drain an outbox of 20,000 messages",
    note=(
        "From the start of the app until each message is recorded as sent: SQLite with "
        "synchronous=FULL, PostgreSQL with fsync, its server on the same two cores. "
        "Django's two queues, on SQLite with the same durability, are drained by their own "
        "commands, of 2,000 messages. Flask-Mail stores and records nothing."
    ),
    figure="rate",
    unit="messages/s",
    variants=(
        Variant("quartapp, SQLite", draining(SQLITE, MESSAGES, connections=4, loop="uvloop")),
        Variant(
            "quartapp, SQLite, asyncio", draining(SQLITE, MESSAGES, connections=4, loop="asyncio")
        ),
        Variant("quartapp, PostgreSQL", draining(POSTGRES, MESSAGES, connections=4, loop="uvloop")),
        Variant("django-mailer", to_sink(f"{DJANGO}:django_mailer", 2000)),
        Variant("django-post_office, 4 threads", to_sink(f"{DJANGO}:django_post_office", 2000)),
        Variant("Flask-Mail, connect() bulk", to_sink("benchmarks.peers.flask_mail:bulk", 2000)),
    ),
    targets=(
        Target("messages/s", "quartapp, SQLite", "Flask-Mail, connect() bulk", "rate", at_least=4),
        Target(
            "messages/s, SQLite against PostgreSQL",
            "quartapp, SQLite",
            "quartapp, PostgreSQL",
            "rate",
            at_most=1.3,
        ),
    ),
)
