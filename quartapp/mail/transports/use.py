"""How much of a pool is in use, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PoolUse"]


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections in use and kept, letters that wait for one, and the most there may be."""

    busy: int
    idle: int
    waiting: int
    limit: int
