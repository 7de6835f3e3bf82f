"""Connections in reserve, so that no number of visitors keeps messages or operators waiting.

Who is entitled to them is a matter of the task: the delivery worker's tasks, and an operator's
requests once they have been let in.
"""

from __future__ import annotations

from contextvars import Context, ContextVar

__all__ = ["context_in_reserve", "is_in_reserve", "use_reserve"]

_in_reserve: ContextVar[bool] = ContextVar("in_reserve", default=False)


def is_in_reserve() -> bool:
    """Whether the current task uses the reserve."""
    return _in_reserve.get()


def use_reserve() -> None:
    """Let the current task use the reserve from now on."""
    _in_reserve.set(True)


def context_in_reserve() -> Context:
    """A context of its own for a task that uses the reserve."""
    context = Context()
    context.run(use_reserve)
    return context
