"""Enqueue: what one queued message costs in the transaction of the one who queues it."""

from __future__ import annotations

from benchmarks.comparison import Comparison
from benchmarks.databases import POSTGRES, SQLITE, Copies
from benchmarks.processes import work
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Variant

__all__ = ["ENQUEUE"]

MESSAGES = 2000
DJANGO = "benchmarks.peers.django_queues"


def _ours(databases: Copies) -> Measure:
    def measure(scale: float) -> Figures:
        with databases.empty() as url:
            return work("benchmarks.ours.enqueue:enqueue", url=url, messages=int(MESSAGES * scale))

    return measure


def _theirs(function: str) -> Measure:
    def measure(scale: float) -> Figures:
        return work(function, messages=int(MESSAGES * scale))

    return measure


ENQUEUE = Comparison(
    name="enqueue",
    title="Queue a message in your transaction",
    note=(
        "CPU that one message adds to a transaction which inserts a row of the caller's: the same "
        "transactions without a message are measured too, and subtracted. Ours: `send_later` with "
        "the session of the caller's own engine. Both bodies are rendered beforehand. What a "
        "database server uses is not counted."
    ),
    figure="cpu_us",
    unit="µs of CPU",
    is_more_better=False,
    variants=(
        Variant("quartapp, SQLite", _ours(SQLITE)),
        Variant("quartapp, PostgreSQL", _ours(POSTGRES)),
        Variant("django-mailer, SQLite", _theirs(f"{DJANGO}:enqueue_mailer")),
        Variant("django-post_office, SQLite", _theirs(f"{DJANGO}:enqueue_post_office")),
    ),
    targets=(Target("CPU", "quartapp, SQLite", "django-post_office, SQLite", "cpu_us", at_most=1),),
)
