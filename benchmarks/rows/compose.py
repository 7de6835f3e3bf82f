"""Compose: from the template pair to the final bytes."""

from __future__ import annotations

from benchmarks.comparison import Comparison
from benchmarks.processes import work
from benchmarks.target import Target
from benchmarks.variant import Figures, Measure, Variant

__all__ = ["COMPOSE"]

MESSAGES = 4000


def _in_process(function: str) -> Measure:
    def measure(scale: float) -> Figures:
        return work(function, messages=int(MESSAGES * scale))

    return measure


COMPOSE = Comparison(
    name="compose",
    title="Compose a message",
    note="`new_user`, both forms rendered by Quart, to final bytes; one process, no network.",
    figure="rate",
    unit="messages/s",
    variants=(
        Variant("quartapp", _in_process("benchmarks.ours.compose:compose")),
        Variant("EmailMessage", _in_process("benchmarks.peers.email_message:compose")),
    ),
    targets=(Target("messages/s", "quartapp", "EmailMessage", "rate", at_least=8),),
)
