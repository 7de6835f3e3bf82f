"""Form: a POST that stores a user and a message, while messages are delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.apps import Served, book, quartapp
from benchmarks.comparison import Comparison
from benchmarks.databases import POSTGRES
from benchmarks.load import post_names
from benchmarks.sinks import sink
from benchmarks.target import Target
from benchmarks.variant import Failed, Figures, Measure, Variant

__all__ = ["FORM", "posting"]

Serve = Callable[[int], AbstractContextManager[Served]]
SECONDS = 10
DELIVERY = 60.0


def posting(serve: Serve, seconds_per_message: float = 0) -> Measure:
    """Post new names to the app; the sink must get a message for each, unless it is slow.

    A name whose answer the load did not wait for at its end is stored too, so there may be a
    few more messages than answers.
    """

    def measure(scale: float) -> Figures:
        with sink(seconds_per_message) as server, serve(server.port) as app:
            figures = post_names(app.port, SECONDS * scale)
            figures["delivered"] = server.delivered()
            if not seconds_per_message:
                taken = server.wait_for(int(figures["stored"]), DELIVERY)
                if taken < figures["stored"]:
                    raise Failed(f"{taken} of {figures['stored']:.0f} messages arrived")
            return figures

    return measure


@contextmanager
def _on_postgres(port: int) -> Iterator[Served]:
    """This project's app on PostgreSQL."""
    with POSTGRES.empty() as url, quartapp(port, {"DATABASE_URL": url}) as app:
        yield app


OURS, ON_POSTGRES = "quartapp run (hypercorn)", "quartapp run, PostgreSQL"
BOOK = "the book's app (gunicorn)"

FORM = Comparison(
    name="form",
    title="Post the form",
    note=(
        "wrk with 16 connections posts new names; each stores a user and a message, CSRF on. "
        "SQLite in WAL with synchronous=FULL; PostgreSQL with fsync, its server on the same two "
        "cores. The book's app: Flask, gunicorn with 16 threads, SQLite in WAL, a thread per mail. "
        "Every message must have reached the sink in the end."
    ),
    figure="rate",
    unit="requests/s",
    variants=(
        Variant(OURS, posting(quartapp)),
        Variant(ON_POSTGRES, posting(_on_postgres)),
        Variant(BOOK, posting(book)),
    ),
    targets=(
        Target("requests/s, SQLite", OURS, BOOK, "rate", at_least=2.2),
        Target("p99, SQLite", OURS, BOOK, "p99_ms", at_most=0.25),
        Target("requests/s, PostgreSQL", ON_POSTGRES, BOOK, "rate", at_least=2.2),
        Target("p99, PostgreSQL", ON_POSTGRES, BOOK, "p99_ms", at_most=0.25),
    ),
)
