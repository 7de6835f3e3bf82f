"""Footprint: memory with a backlog, and the processor's time when there is nothing to do."""

from __future__ import annotations

import time

import psutil

from benchmarks.apps import quartapp
from benchmarks.comparison import Comparison
from benchmarks.databases import SQLITE
from benchmarks.sinks import sink
from benchmarks.target import Target, difference, share
from benchmarks.variant import Figures, Measure, Variant

__all__ = ["IDLE", "MEMORY"]

WAITING = 100_000
WORKING = 15.0
IDLING = 20.0
MIB = 1024 * 1024


def _memory(messages: int) -> Measure:
    def measure(scale: float) -> Figures:
        with (
            SQLITE.copy(max(1, int(messages * scale))) as url,
            sink(2) as server,
            quartapp(server.port, {"DATABASE_URL": url}) as app,
        ):
            time.sleep(max(3, WORKING * scale))
            resident = psutil.Process(app.pid).memory_info().rss
        return {"mib": resident / MIB}

    return measure


def _idle(scale: float) -> Figures:
    with sink() as server, quartapp(server.port) as app:
        process = psutil.Process(app.pid)
        time.sleep(2)
        before = sum(process.cpu_times()[:2])
        time.sleep(max(3, IDLING * scale))
        used = sum(process.cpu_times()[:2]) - before
    return {"percent": used / max(3, IDLING * scale) * 100}


MEMORY = Comparison(
    name="memory",
    title="Memory with 100,000 messages waiting",
    note=(
        "Resident memory of `quartapp run` after 15 s of delivering to a server that takes 2 s "
        "per message; idle is the same with one message."
    ),
    figure="mib",
    unit="MiB",
    is_more_better=False,
    variants=(
        Variant("quartapp, 100,000 waiting", _memory(WAITING)),
        Variant("quartapp, idle", _memory(1)),
    ),
    targets=(
        Target(
            "more memory",
            "quartapp, 100,000 waiting",
            "quartapp, idle",
            "mib",
            at_most=30,
            reading=difference,
            unit=" MiB",
        ),
    ),
)

IDLE = Comparison(
    name="idle",
    title="Processor's time when idle",
    note="`quartapp run` with an empty outbox and no visitors, over 20 s.",
    figure="percent",
    unit="% of a core",
    is_more_better=False,
    variants=(Variant("quartapp", _idle),),
    targets=(
        Target(
            "of a core", "quartapp", "quartapp", "percent", at_most=0.5, reading=share, unit=" %"
        ),
    ),
)
