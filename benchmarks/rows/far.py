"""Far: a server that is 200 ms away."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.processes import work
from benchmarks.proxy import far
from benchmarks.sinks import check_delivered, sink
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Variant

__all__ = ["FAR"]

RTT = 0.2
CONNECTIONS = 16


def _from_afar(function: str, messages: int, **arguments: Any) -> Measure:
    def measure(scale: float) -> Figures:
        with sink() as server, far(server.port, RTT) as port:
            figures = work(function, port=port, messages=int(messages * scale), **arguments)
            return check_delivered(figures, server)

    return measure


FAR = Comparison(
    name="far",
    title="Send to a server 200 ms away",
    note=(
        "A proxy delays each direction by 100 ms and limits nothing. "
        "Finished messages, connecting included."
    ),
    figure="rate",
    unit="messages/s",
    variants=(
        Variant(
            "quartapp, 16 connections",
            _from_afar("benchmarks.ours.send:send", 960, connections=CONNECTIONS, loop="uvloop"),
        ),
        Variant(
            "aiosmtplib, pool of 16",
            _from_afar(
                "benchmarks.peers.aiosmtplib_pool:pool",
                240,
                connections=CONNECTIONS,
                loop="uvloop",
            ),
        ),
        Variant("Flask-Mail, connect() bulk", _from_afar("benchmarks.peers.flask_mail:bulk", 20)),
    ),
    targets=(
        Target(
            "messages/s",
            "quartapp, 16 connections",
            "aiosmtplib, pool of 16",
            "rate",
            at_least=3.5,
        ),
    ),
)
