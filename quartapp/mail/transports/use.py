"""How much of a pool is in use, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PoolFigures"]


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Connections in use and kept, messages that wait for one, and the most there may be."""

    busy: int
    idle: int
    waiting: int
    limit: int
