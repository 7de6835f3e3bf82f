"""Event loops: run a coroutine on asyncio's own or on uvloop's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["run"]


def run(coroutine: Coroutine[Any, Any, Any], loop: str) -> Any:
    """Run to the end; `loop` is "asyncio" or "uvloop"."""
    factory = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)
