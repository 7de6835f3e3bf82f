"""Slow: a server that takes two seconds for each message."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.apps import Served, book, quartapp
from benchmarks.comparison import Comparison
from benchmarks.databases import SQLITE
from benchmarks.processes import work
from benchmarks.rows.drain import draining
from benchmarks.rows.form import posting
from benchmarks.sinks import check_delivered, sink
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SLOW", "SLOW_FORM"]

SECONDS_PER_MESSAGE = 2.0
MESSAGES = 1000
CONNECTIONS = 64

BACKLOG = 100_000


@contextmanager
def _behind(port: int) -> Iterator[Served]:
    """This project's app with an outbox that its mail server has not kept up with."""
    with SQLITE.copy(BACKLOG) as url, quartapp(port, {"DATABASE_URL": url}) as app:
        yield app


SLOW_FORM = Comparison(
    name="slow-form",
    title="Post the form while the mail server takes 2 s per message",
    note=(
        "As above, with a sink of our own: smtp-sink forgets its delay when the next message "
        "begins meanwhile. The messages go on being delivered long after the load is over."
    ),
    figure="p99_ms",
    unit="ms at the 99th percentile",
    is_more_better=False,
    variants=(
        Variant("quartapp, 2 s per message", posting(quartapp, SECONDS_PER_MESSAGE)),
        Variant("quartapp, 2 s, 100,000 waiting", posting(_behind, SECONDS_PER_MESSAGE)),
        Variant("quartapp, fast server", posting(quartapp)),
        Variant("the book's app, 2 s per message", posting(book, SECONDS_PER_MESSAGE)),
    ),
    targets=(
        Target("p99", "quartapp, 2 s per message", "quartapp, fast server", "p99_ms", at_most=1.3),
        Target(
            "p99 with 100,000 messages waiting",
            "quartapp, 2 s, 100,000 waiting",
            "quartapp, 2 s per message",
            "p99_ms",
            at_most=1.3,
        ),
    ),
)


def _draining(connections: int) -> Measure:
    return draining(SQLITE, MESSAGES, SECONDS_PER_MESSAGE, connections=connections, loop="uvloop")


def _threads(scale: float) -> Figures:
    with sink(SECONDS_PER_MESSAGE) as server:
        figures = work(
            "benchmarks.peers.flask_mail:threads",
            port=server.port,
            messages=int(MESSAGES * scale),
        )
        return check_delivered(figures, server)


SLOW = Comparison(
    name="slow",
    title="1,000 messages to a server that takes 2 s per message",
    note=(
        "The server, ours, answers each connection by itself, so n connections carry n/2 messages "
        "a second at most: 64 of them 32. Threads open as many connections as there are messages."
    ),
    figure="rate",
    unit="messages/s",
    variants=(
        Variant("quartapp, MAIL_CONNECTIONS=64", _draining(CONNECTIONS)),
        Variant("quartapp, MAIL_CONNECTIONS=1000", _draining(1000)),
        Variant("Flask-Mail, thread per mail", _threads),
    ),
    targets=(
        Target(
            "messages/s",
            "quartapp, MAIL_CONNECTIONS=64",
            "Flask-Mail, thread per mail",
            "rate",
            at_least=0.8,
        ),
    ),
)
