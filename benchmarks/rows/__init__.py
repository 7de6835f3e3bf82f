"""The rows of the benchmark, in the order of its table."""

from __future__ import annotations

from benchmarks.rows.compose import COMPOSE
from benchmarks.rows.drain import DRAIN
from benchmarks.rows.enqueue import ENQUEUE
from benchmarks.rows.far import FAR
from benchmarks.rows.footprint import IDLE, MEMORY
from benchmarks.rows.form import FORM
from benchmarks.rows.send import SEND
from benchmarks.rows.slow import SLOW, SLOW_FORM

__all__ = ["ROWS"]

ROWS = (COMPOSE, SEND, FAR, ENQUEUE, DRAIN, FORM, SLOW_FORM, SLOW, MEMORY, IDLE)
