"""Sinks: SMTP servers that take every message, throw it away, and count."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.variant import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.variant import Figures

__all__ = ["Sink", "check_delivered", "name_of_sink", "sink"]

SETTLING = 2.0
TAIL = 200


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink that runs."""

    port: int
    counters: Path

    def delivered(self) -> int:
        """How many messages it has taken."""
        with self.counters.open("rb") as file:
            file.seek(max(0, self.counters.stat().st_size - TAIL))
            counts = re.findall(rb"mesg=(\d+)(?!\d)", file.read())
        return int(counts[-1]) if counts else 0

    def wait_for(self, messages: int, seconds: float) -> int:
        """Wait until it has taken that many, or the time is over; how many it has."""
        deadline = time.monotonic() + seconds
        while self.delivered() < messages and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.delivered()


@contextmanager
def sink(seconds_per_message: float = 0) -> Iterator[Sink]:
    """A fresh sink: Postfix's `smtp-sink`, or one of our own where that is missing.

    seconds_per_message
        How long it takes to answer an end of data, on each connection by itself; then it is ours.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        counters = Path(folder) / "counters"
        with running(_command(port, seconds_per_message), counters) as process:
            wait_for_port(port, process, counters)
            yield Sink(port, counters)


def name_of_sink() -> str:
    """Which of the two it is."""
    if _smtp_sink():
        return "smtp-sink (Postfix)"
    return "our own sink in Python, because smtp-sink is missing: apt-get install postfix"


def check_delivered(figures: Figures, sink: Sink) -> Figures:
    """The figures, if the sink has taken what was claimed. Raises `Failed` otherwise."""
    claimed = int(figures["count"])
    taken = sink.wait_for(claimed, SETTLING)
    if taken != claimed:
        raise Failed(f"{claimed} messages were sent, and the sink took {taken}")
    return figures


def _smtp_sink() -> str | None:
    return shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _command(port: int, delay: float) -> list[str]:
    program = _smtp_sink()
    # smtp-sink forgets its delay when the next message begins meanwhile, as ours do.
    if delay or not program:
        return [sys.executable, "-m", "benchmarks.sink", str(port), str(delay)]
    options = ["-c", "-m", "2000"]
    if os.geteuid() == 0:
        options += ["-u", "nobody"]
    return [program, *options, f"127.0.0.1:{port}", "1024"]
