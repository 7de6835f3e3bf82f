"""Form: a POST that keeps a user and a message, while messages are delivered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks.apps import Served, book, quartapp
from benchmarks.comparison import Comparison
from benchmarks.load import post_names
from benchmarks.sinks import sink
from benchmarks.target import Target
from benchmarks.variant import Failed, Figures, Measure, Variant

__all__ = ["FORM", "posting"]

Serve = Callable[[int], AbstractContextManager[Served]]
SECONDS = 10
DELIVERY = 60.0


def posting(serve: Serve, seconds_per_message: float = 0) -> Measure:
    """Worker names to the app; the sink must get a message for each, unless it is slow.

    A name whose answer the load did not wait for at its end is kept too, so there may be a
    few more messages than answers.
    """

    def measure(scale: float) -> Figures:
        with sink(seconds_per_message) as server, serve(server.port) as app:
            figures = post_names(app.port, SECONDS * scale)
            figures["delivered"] = server.delivered()
            if not seconds_per_message:
                taken = server.wait_for(int(figures["kept"]), DELIVERY)
                if taken < figures["kept"]:
                    raise Failed(f"{taken} of {figures['kept']:.0f} messages arrived")
            return figures

    return measure


FORM = Comparison(
    name="form",
    title="Worker the form",
    note=(
        "wrk with 16 connections posts new names; each keeps a user and a message, SQLite in WAL "
        "with synchronous=FULL, CSRF on. The book's app: Flask, gunicorn with 16 threads, a "
        "thread per mail. Every message must have reached the sink in the end."
    ),
    figure="rate",
    unit="requests/s",
    variants=(
        Variant("quartapp run (hypercorn)", posting(quartapp)),
        Variant("the book's app (gunicorn)", posting(book)),
    ),
    targets=(
        Target(
            "requests/s",
            "quartapp run (hypercorn)",
            "the book's app (gunicorn)",
            "rate",
            at_least=4,
        ),
        Target(
            "p99", "quartapp run (hypercorn)", "the book's app (gunicorn)", "p99_ms", at_most=0.2
        ),
    ),
)
