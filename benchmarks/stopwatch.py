"""A stopwatch for the wall and for the processor's time of this process and its children."""

from __future__ import annotations

import resource
import time
from typing import Self

__all__ = ["Stopwatch", "difference"]


class Stopwatch:
    """Runs for the length of a `with` block."""

    def __enter__(self) -> Self:
        self._processor, self._wall = _processor_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.processor = _processor_time() - self._processor

    def figures(self, things: int) -> dict[str, float]:
        """How many things a second, and the processor's microseconds for each."""
        return {
            "count": things,
            "rate": things / self.seconds,
            "cpu_us": self.processor / things * 1e6,
        }


def difference(watch: Stopwatch, without: Stopwatch, things: int) -> dict[str, float]:
    """The processor's microseconds that each thing added to a run without it."""
    return {"count": things, "cpu_us": (watch.processor - without.processor) / things * 1e6}


def _processor_time() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
