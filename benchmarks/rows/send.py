"""Send: messages to a server on the same machine."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.peers import smtp_source
from benchmarks.processes import work
from benchmarks.sinks import check_delivered, sink
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Unavailable, Variant

__all__ = ["SEND", "to_sink"]


def to_sink(function: str, messages: int, **arguments: Any) -> Measure:
    """Call the function with the port of a fresh sink, and count what the sink has taken."""

    def measure(scale: float) -> Figures:
        with sink() as server:
            figures = work(function, port=server.port, messages=int(messages * scale), **arguments)
            return check_delivered(figures, server)

    return measure


def _smtp_source(scale: float) -> Figures:
    if not smtp_source.program():
        raise Unavailable("smtp-source is missing: apt-get install postfix")
    return to_sink("benchmarks.peers.smtp_source:send", 60_000, sessions=16)(scale)


FLASK_MAIL = "benchmarks.peers.flask_mail"
POOL = "benchmarks.peers.aiosmtplib_pool:pool"

SEND = Comparison(
    name="send",
    title="Send to a server near by",
    note=(
        "Loopback; ours over a pool of 4 connections, finished messages unless built. Built: "
        "a message is made of its two rendered bodies and encoded for each send, as the peers do. "
        "Finished: the same bytes again and again, as smtp-source sends them."
    ),
    figure="rate",
    unit="messages/s",
    variants=(
        Variant(
            "quartapp, 4 connections, uvloop",
            to_sink("benchmarks.ours.send:send", 20_000, connections=4, loop="uvloop"),
        ),
        Variant(
            "quartapp, 4 connections, asyncio",
            to_sink("benchmarks.ours.send:send", 10_000, connections=4, loop="asyncio"),
        ),
        Variant(
            "quartapp, built, uvloop",
            to_sink("benchmarks.ours.send:built", 10_000, connections=4, loop="uvloop"),
        ),
        Variant(
            "aiosmtplib, finished, pool of 4, uvloop",
            to_sink(POOL, 10_000, connections=4, loop="uvloop"),
        ),
        Variant("Flask-Mail, connect() bulk", to_sink(f"{FLASK_MAIL}:bulk", 2000)),
        Variant("Flask-Mail, loop", to_sink(f"{FLASK_MAIL}:loop", 1500)),
        Variant("Flask-Mail, thread per mail", to_sink(f"{FLASK_MAIL}:threads", 1500)),
        Variant(
            "Flask-Mailman, one connection", to_sink("benchmarks.peers.flask_mailman:bulk", 2000)
        ),
        Variant("fastapi-mail, lists of 500", to_sink("benchmarks.peers.fastapi_mail:bulk", 2000)),
        Variant("smtp-source (C), 16 sessions", _smtp_source),
    ),
    targets=(
        Target(
            "messages/s, built",
            "quartapp, built, uvloop",
            "Flask-Mail, connect() bulk",
            "rate",
            at_least=8,
        ),
        Target(
            "messages/s, finished",
            "quartapp, 4 connections, uvloop",
            "smtp-source (C), 16 sessions",
            "rate",
            at_least=0.5,
        ),
    ),
)
